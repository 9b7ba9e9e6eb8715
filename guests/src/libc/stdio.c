/*
 * Formatting into memory, exactly as C says for what it knows (d i u x X o c s p and a e f g of which `a` is missing),
 * and files, of which there are none. Floating-point digits come from exact long arithmetic.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where formatted text goes: what does not fit is counted only. */
struct sink {
    char *text;
    size_t room, length;
};

static void put(struct sink *sink, char c) {
    if (sink->length < sink->room) sink->text[sink->length] = c;
    sink->length++;
}

static void put_many(struct sink *sink, char c, int n) {
    while (n-- > 0) put(sink, c);
}

/* One conversion: its flags, width and precision (-1: none). */
struct form {
    int left, plus, space, alternate, zero, width, precision;
};

/* Prefix (sign, 0x), then `zeros` zeros, then text, padded to the width. */
static void put_field(struct sink *sink, const struct form *form, const char *prefix, int zeros, const char *text, int n) {
    int length = (int)strlen(prefix) + zeros + n;
    int padding = form->width > length ? form->width - length : 0;
    if (!form->left && !form->zero) put_many(sink, ' ', padding);
    while (*prefix) put(sink, *prefix++);
    if (!form->left && form->zero) put_many(sink, '0', padding);
    put_many(sink, '0', zeros);
    while (n--) put(sink, *text++);
    if (form->left) put_many(sink, ' ', padding);
}

static const char *sign_of(const struct form *form, int negative) {
    return negative ? "-" : form->plus ? "+" : form->space ? " " : "";
}

static void put_integer(struct sink *sink, struct form form, char kind, uint64_t value) {
    const char *digits = kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = "";
    unsigned base = kind == 'x' || kind == 'X' || kind == 'p' ? 16 : kind == 'o' ? 8 : 10;
    if (kind == 'd' || kind == 'i') {
        prefix = sign_of(&form, (int64_t)value < 0);
        if ((int64_t)value < 0) value = -value;
    } else if (kind == 'p' || (base == 16 && form.alternate && value)) {
        prefix = kind == 'X' ? "0X" : "0x";
    }
    char text[24];
    int at = sizeof text;
    for (; value; value /= base) text[--at] = digits[value % base];
    int n = (int)sizeof text - at;
    int least = form.precision < 0 ? 1 : form.precision;
    if (kind == 'o' && form.alternate && least <= n) least = n + (n > 0);
    if (form.precision >= 0) form.zero = 0;
    put_field(sink, &form, prefix, least > n ? least - n : 0, text + at, n);
}

/* A natural number in base 10^9, least digits first; 130 limbs hold every double's digits. */
struct natural {
    uint32_t limb[130];
    int used;
};

static void multiply(struct natural *x, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < x->used || carry; i++) {
        uint64_t product = (i < x->used ? (uint64_t)x->limb[i] * factor : 0) + carry;
        x->limb[i] = (uint32_t)(product % 1000000000);
        carry = product / 1000000000;
        if (i >= x->used) x->used = i + 1;
    }
}

/* All decimal digits of a positive finite double, without leading zeros; the point stands before digit *point. */
static int digits_of(double value, char *digits, int *point) {
    union { double x; uint64_t bits; } u = {value};
    int exponent = (int)(u.bits >> 52 & 0x7ff);
    uint64_t significand = u.bits & ((1ULL << 52) - 1);
    if (exponent) significand |= 1ULL << 52;
    exponent = (exponent ? exponent : 1) - 1075;
    struct natural x = {{(uint32_t)(significand % 1000000000), (uint32_t)(significand / 1000000000)}, 2};
    /* significand * 2^e, or significand * 5^-e with the point -e places from the end. */
    for (int i = exponent; i > 0; i--) multiply(&x, 2);
    for (int i = exponent; i < 0; i++) multiply(&x, 5);
    int n = 0;
    for (int i = x.used - 1; i >= 0; i--) {
        uint32_t limb = x.limb[i];
        for (uint32_t unit = 100000000; unit; unit /= 10) {
            char digit = (char)('0' + limb / unit % 10);
            if (n || digit != '0') digits[n++] = digit;
        }
    }
    *point = exponent < 0 ? n + exponent : n;
    return n;
}

/* Keeps `keep` digits (may be zero or less), rounding to nearest even; the number of digits may grow by one in front. */
static int round_digits(char *digits, int n, int keep, int *point) {
    if (keep >= n) return n;
    if (keep < 0) return 0;
    int rest = 0;
    for (int i = keep + 1; i < n; i++) rest |= digits[i] != '0';
    int odd = keep > 0 && (digits[keep - 1] & 1);
    int up = digits[keep] > '5' || (digits[keep] == '5' && (rest || odd));
    if (!up) return keep;
    int i = keep - 1;
    while (i >= 0 && digits[i] == '9') digits[i--] = '0';
    if (i >= 0) {
        digits[i]++;
        return keep;
    }
    memmove(digits + 1, digits, (size_t)keep);
    digits[0] = '1';
    ++*point;
    return keep + 1;
}

static char digit_at(const char *digits, int n, int i) { return i >= 0 && i < n ? digits[i] : '0'; }

enum { LONGEST = 1200, WIDEST = 400 };

/* digits as d.ddd with `places` after the point, then an exponent unless it is `plain`. */
static int layout(char *out, const char *digits, int n, int point, int places, int plain, int alternate, char e) {
    int length = 0, whole = plain ? point : 1;
    if (whole <= 0) out[length++] = '0';
    for (int i = 0; i < whole; i++) out[length++] = digit_at(digits, n, i);
    if (places > 0 || alternate) out[length++] = '.';
    for (int i = 0; i < places; i++) out[length++] = digit_at(digits, n, whole + i);
    if (plain) return length;
    int exponent = n ? point - 1 : 0;
    out[length++] = e;
    out[length++] = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    if (exponent >= 100) out[length++] = (char)('0' + exponent / 100);
    out[length++] = (char)('0' + exponent / 10 % 10);
    out[length++] = (char)('0' + exponent % 10);
    return length;
}

static void put_double(struct sink *sink, struct form form, char kind, double value) {
    union { double x; uint64_t bits; } u = {value};
    const char *prefix = sign_of(&form, (int)(u.bits >> 63));
    u.bits &= ~(1ULL << 63);
    char e = kind >= 'a' ? 'e' : 'E';
    kind |= 32;
    if (u.bits >> 52 == 0x7ff) {
        form.zero = 0;
        const char *text = u.bits << 12 ? (e == 'e' ? "nan" : "NAN") : (e == 'e' ? "inf" : "INF");
        put_field(sink, &form, prefix, 0, text, 3);
        return;
    }
    int precision = form.precision < 0 ? 6 : form.precision;
    if (precision > WIDEST || kind == 'a') abort();
    char digits[LONGEST], text[LONGEST];
    int point = 1, n = u.bits ? digits_of(u.x, digits, &point) : 0;
    int length;
    if (kind == 'f') {
        n = round_digits(digits, n, point + precision, &point);
        length = layout(text, digits, n, point, precision, 1, form.alternate, e);
    } else if (kind == 'e') {
        n = round_digits(digits, n, precision + 1, &point);
        length = layout(text, digits, n, point, precision, 0, form.alternate, e);
    } else {
        if (precision == 0) precision = 1;
        n = round_digits(digits, n, precision, &point);
        int exponent = n ? point - 1 : 0, plain = exponent >= -4 && exponent < precision;
        int last = n;
        while (last > 0 && digits[last - 1] == '0') last--;
        int significant = form.alternate ? precision : last;
        int places = plain ? significant - point : significant - 1;
        length = layout(text, digits, n, point, places < 0 ? 0 : places, plain, form.alternate, e);
    }
    put_field(sink, &form, prefix, 0, text, length);
}

static int parse_number(const char **format, va_list *arguments) {
    if (**format == '*') {
        ++*format;
        return va_arg(*arguments, int);
    }
    int n = 0;
    for (; **format >= '0' && **format <= '9'; ++*format) n = n * 10 + (**format - '0');
    return n;
}

static struct form parse_form(const char **format, va_list *arguments) {
    struct form form = {.precision = -1};
    for (;; ++*format) {
        switch (**format) {
        case '-': form.left = 1; continue;
        case '+': form.plus = 1; continue;
        case ' ': form.space = 1; continue;
        case '#': form.alternate = 1; continue;
        case '0': form.zero = 1; continue;
        }
        break;
    }
    form.width = parse_number(format, arguments);
    if (**format == '.') {
        ++*format;
        form.precision = parse_number(format, arguments);
    }
    return form;
}

static void put_conversion(struct sink *sink, const char **format, va_list *arguments) {
    struct form form = parse_form(format, arguments);
    int wide = 0;
    for (; **format == 'l' || **format == 'z' || **format == 'j' || **format == 't'; ++*format) wide = 1;
    char kind = **format;
    switch (kind) {
    case 'd':
    case 'i':
        put_integer(sink, form, kind, wide ? va_arg(*arguments, uint64_t) : (uint64_t)(int64_t)va_arg(*arguments, int));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_integer(sink, form, kind, wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned));
        break;
    case 'p': put_integer(sink, form, kind, va_arg(*arguments, uint64_t)); break;
    case 'c': {
        char c = (char)va_arg(*arguments, int);
        form.zero = 0;
        put_field(sink, &form, "", 0, &c, 1);
        break;
    }
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        int n = 0;
        while ((form.precision < 0 || n < form.precision) && text[n]) n++;
        form.zero = 0;
        put_field(sink, &form, "", 0, text, n);
        break;
    }
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': put_double(sink, form, kind, va_arg(*arguments, double)); break;
    case '%': put(sink, '%'); break;
    default: abort();
    }
    ++*format;
}

int vsnprintf(char *restrict text, size_t size, const char *restrict format, va_list arguments) {
    struct sink sink = {text, size ? size - 1 : 0, 0};
    va_list copy;
    va_copy(copy, arguments);
    const char *at = format;
    while (*at) {
        if (*at != '%') {
            put(&sink, *at++);
        } else {
            at++;
            put_conversion(&sink, &at, &copy);
        }
    }
    va_end(copy);
    if (size) text[sink.length < sink.room ? sink.length : sink.room] = 0;
    return (int)sink.length;
}

int snprintf(char *restrict text, size_t size, const char *restrict format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return n;
}

/* What is printed goes nowhere. */
int fprintf(FILE *restrict file, const char *restrict format, ...) {
    (void)file;
    (void)format;
    return 0;
}

size_t fwrite(const void *restrict from, size_t size, size_t n, FILE *restrict file) {
    (void)from;
    (void)size;
    (void)file;
    return n;
}

/* clang makes these of simple calls of fprintf. */
int fputs(const char *restrict text, FILE *restrict file) {
    (void)text;
    (void)file;
    return 0;
}

int fputc(int c, FILE *file) {
    (void)file;
    return (unsigned char)c;
}

int fflush(FILE *file) {
    (void)file;
    return 0;
}

/* Nothing can be opened, so nothing is ever read. */
FILE *fopen(const char *restrict name, const char *restrict mode) {
    (void)name;
    (void)mode;
    return 0;
}

FILE *freopen(const char *restrict name, const char *restrict mode, FILE *restrict file) {
    (void)file;
    return fopen(name, mode);
}

int fclose(FILE *file) {
    (void)file;
    return EOF;
}

int feof(FILE *file) {
    (void)file;
    return 1;
}

int ferror(FILE *file) {
    (void)file;
    return 1;
}

int getc(FILE *file) {
    (void)file;
    return EOF;
}

size_t fread(void *restrict to, size_t size, size_t n, FILE *restrict file) {
    (void)to;
    (void)size;
    (void)n;
    (void)file;
    return 0;
}
