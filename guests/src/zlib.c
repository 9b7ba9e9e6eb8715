/*
 * zlib, from the sources in crate libz-sys: deflate and inflate of 10 KiB that look like text. A round compresses, checks the
 * compressed bytes against a known CRC, decompresses and compares.
 */
#include "guest.h"

#include <zlib.h>

enum { LENGTH = 10 << 10, ARENA = 400 << 10 };

static uint8_t plain[LENGTH], packed[LENGTH], unpacked[LENGTH];
static _Alignas(16) uint8_t arena[ARENA];
static size_t used;

/* zlib is built without a C library (Z_SOLO): a stream's memory comes from an arena, emptied after each stream. */
static void *take(void *from, unsigned count, unsigned size) {
    (void)from;
    size_t n = ((size_t)count * size + 15) & ~(size_t)15;
    if (n > ARENA - used) return 0;
    used += n;
    return arena + used - n;
}

static void give(void *from, void *p) {
    (void)from;
    (void)p;
}

/* Words of a small vocabulary, some capitals, some numbers. */
static void write_text(void) {
    static const char WORDS[][12] = {
        "the", "cell", "of", "a", "lock", "script", "reads", "witness", "and", "verifies", "signature", "then",
        "returns", "zero", "cycles", "are", "counted", "in", "every", "transaction", "block", "hash", "by",
    };
    uint64_t state = 42;
    size_t at = 0;
    while (at < LENGTH) {
        uint64_t random = next_random(&state) >> 20;
        const char *word = WORDS[random % 23 * (random >> 8 & 255) / 255];
        for (size_t i = 0; word[i] && at < LENGTH; i++) {
            plain[at++] = (uint8_t)(i == 0 && (random >> 16 & 15) == 0 ? word[i] - 32 : word[i]);
        }
        if ((random >> 24 & 7) == 0 && at + 3 < LENGTH) {
            plain[at++] = ' ';
            plain[at++] = (uint8_t)('0' + (random >> 30) % 10);
            plain[at++] = (uint8_t)('0' + (random >> 35) % 10);
        }
        if (at < LENGTH) plain[at++] = (random >> 40 & 15) == 0 ? '\n' : ' ';
    }
}

/* Length of the compressed text, 0 on failure. */
static size_t compress_text(void) {
    z_stream stream = {.zalloc = take, .zfree = give};
    used = 0;
    if (deflateInit(&stream, 6) != Z_OK) return 0;
    stream.next_in = plain;
    stream.avail_in = LENGTH;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    int end = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return end == Z_STREAM_END ? stream.total_out : 0;
}

static size_t decompress_text(size_t length) {
    z_stream stream = {.zalloc = take, .zfree = give};
    used = 0;
    if (inflateInit(&stream) != Z_OK) return 0;
    stream.next_in = packed;
    stream.avail_in = (unsigned)length;
    stream.next_out = unpacked;
    stream.avail_out = sizeof unpacked;
    int end = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return end == Z_STREAM_END ? stream.total_out : 0;
}

static int round_is_right(uint64_t expected) {
    size_t length = compress_text();
    if (length == 0 || ((uint64_t)crc32(0, packed, (unsigned)length) << 32 | length) != expected) return 0;
    for (size_t i = 0; i < LENGTH; i++) unpacked[i] = 0;
    if (decompress_text(length) != LENGTH) return 0;
    for (size_t i = 0; i < LENGTH; i++) {
        if (plain[i] != unpacked[i]) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    write_text();
    while (rounds--) {
        opaque_memory(plain);
        if (!round_is_right(0x167bfb4f00000a9a)) return 1;
    }
    return 0;
}
