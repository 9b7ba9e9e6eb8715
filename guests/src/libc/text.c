/*
 * The rest of the string functions, and numbers read from text.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int errno;

int strcoll(const char *a, const char *b) { return strcmp(a, b); }

size_t strspn(const char *text, const char *set) {
    size_t n = 0;
    while (text[n] && strchr(set, text[n])) n++;
    return n;
}

char *strpbrk(const char *text, const char *set) {
    for (; *text; text++) {
        if (strchr(set, *text)) return (char *)text;
    }
    return 0;
}

char *strstr(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; *text; text++) {
        if (strncmp(text, part, n) == 0) return (char *)text;
    }
    return n ? 0 : (char *)text;
}

char *strerror(int code) {
    (void)code;
    return "error";
}

char *getenv(const char *name) {
    (void)name;
    return 0;
}

struct lconv *localeconv(void) {
    static struct lconv c = {"."};
    return &c;
}

int abs(int x) { return x < 0 ? -x : x; }

static const double TENS[23] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/*
 * Decimal numbers of up to 2^53 times or divided by 10^0 .. 10^22, for which one correctly rounded operation gives the nearest
 * double. Others end the program: better no answer than one that is nearly right.
 */
double strtod(const char *restrict text, char **restrict end) {
    const char *p = text;
    while (isspace((unsigned char)*p)) p++;
    int negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    uint64_t digits = 0;
    int exponent = 0, any = 0, seen_point = 0;
    for (;; p++) {
        if (*p == '.' && !seen_point) {
            seen_point = 1;
        } else if (isdigit((unsigned char)*p)) {
            any = 1;
            if (digits >= (1ULL << 53) / 10) abort();
            digits = digits * 10 + (uint64_t)(*p - '0');
            exponent -= seen_point;
        } else {
            break;
        }
    }
    if (end) *end = (char *)(any ? p : text);
    if (!any) return 0;
    if ((*p | 32) == 'e') {
        const char *q = p + 1;
        int below = *q == '-', n = 0;
        if (*q == '-' || *q == '+') q++;
        if (isdigit((unsigned char)*q)) {
            for (; isdigit((unsigned char)*q) && n < 10000; q++) n = n * 10 + (*q - '0');
            exponent += below ? -n : n;
            if (end) *end = (char *)q;
        }
    }
    double value = (double)digits;
    if (digits) {
        if (exponent < -22 || exponent > 22) abort();
        value = exponent < 0 ? value / TENS[-exponent] : value * TENS[exponent];
    }
    return negative ? -value : value;
}
