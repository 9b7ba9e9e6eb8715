/* There is the C locale only. */
#ifndef GUEST_LOCALE_H
#define GUEST_LOCALE_H

struct lconv {
    char *decimal_point;
};

struct lconv *localeconv(void);

#endif
