/* There is no clock. */
#ifndef GUEST_TIME_H
#define GUEST_TIME_H

typedef long time_t;

#endif
