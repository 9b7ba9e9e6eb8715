/*
 * Data-dependent branches and scattered memory: quicksort of 4096 numbers, then a hash table with linear
 * probing that is filled, searched and emptied. A round does both on the same data.
 */
#include "guest.h"

enum { COUNT = 4096, SLOTS = 8192 };

static uint32_t numbers[COUNT];
static uint32_t keys[SLOTS]; /* 0: free */
static uint32_t counts[SLOTS];

static void sort(uint32_t *a, int64_t low, int64_t high) {
    while (low < high) {
        uint32_t pivot = a[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                uint32_t x = a[i];
                a[i++] = a[j];
                a[j--] = x;
            }
        }
        /* The smaller part by recursion, so that the stack stays short. */
        if (j - low < high - i) {
            sort(a, low, j);
            low = i;
        } else {
            sort(a, i, high);
            high = j;
        }
    }
}

static uint32_t home(uint32_t key) { return (key * 2654435769u) >> (32 - 13); }

/* The slot of a key, or the free slot where it belongs. */
static uint32_t find(uint32_t key) {
    uint32_t at = home(key);
    while (keys[at] != 0 && keys[at] != key) at = (at + 1) % SLOTS;
    return at;
}

static void add(uint32_t key) {
    uint32_t at = find(key);
    keys[at] = key;
    counts[at]++;
}

/* Takes a key out and moves later ones of its run forward. */
static void take(uint32_t key) {
    uint32_t hole = find(key);
    if (keys[hole] == 0) return;
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) % SLOTS;
        if (keys[at] == 0) break;
        if ((at - home(keys[at])) % SLOTS >= (at - hole) % SLOTS) {
            keys[hole] = keys[at];
            counts[hole] = counts[at];
            hole = at;
        }
    }
    keys[hole] = 0;
    counts[hole] = 0;
}

static __attribute__((noinline)) uint64_t round_sum(uint64_t seed) {
    uint64_t sum = 0, state = seed;
    /* Few enough different values that many come twice. */
    for (int i = 0; i < COUNT; i++) numbers[i] = (uint32_t)(next_random(&state) >> 40) % 6000 + 1;
    sort(numbers, 0, COUNT - 1);
    for (int i = 1; i < COUNT; i++) {
        if (numbers[i - 1] > numbers[i]) return 0;
        sum = sum * 31 + numbers[i];
    }
    for (int i = 0; i < COUNT; i++) add(numbers[i] * 977);
    for (uint32_t i = 1; i <= 6000; i++) sum = sum * 31 + counts[find(i * 977)];
    for (uint32_t i = 1; i <= 6000; i += 2) take(i * 977);
    for (uint32_t i = 1; i <= 6000; i++) sum = sum * 31 + counts[find(i * 977)];
    for (uint32_t i = 2; i <= 6000; i += 2) take(i * 977);
    for (int i = 0; i < SLOTS; i++) sum += keys[i] + counts[i];
    return sum;
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    while (rounds--) {
        if (round_sum(opaque(88172645463325252)) != 0xf3955ea409026861) return 1;
    }
    return 0;
}
