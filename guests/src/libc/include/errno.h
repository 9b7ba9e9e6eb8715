/* One errno; nothing sets it. */
#ifndef GUEST_ERRNO_H
#define GUEST_ERRNO_H

extern int errno;

#endif
