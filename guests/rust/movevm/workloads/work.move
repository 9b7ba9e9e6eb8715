/// The workloads of the Move guest. The compiler of `@zktx.io/sui-move-builder` 0.5.1 made `work.mv` of it.
module work::work {
    public struct Point has copy, drop, store { x: u64, y: u64 }
    public struct Pair<A, B> has copy, drop, store { first: A, second: B }

    /// Loops: the longest Collatz sequence below a bound.
    public fun loops(n: u64): u64 {
        let mut best = 0;
        let mut start = 1;
        while (start < n) {
            let mut length = 0;
            let mut value = start;
            while (value != 1) {
                value = if (value % 2 == 0) { value / 2 } else { 3 * value + 1 };
                length = length + 1;
            };
            if (length > best) best = length;
            start = start + 1;
        };
        best
    }

    /// Recursion.
    public fun recursion(n: u64): u64 {
        if (n < 2) n else recursion(n - 1) + recursion(n - 2)
    }

    /// Vectors: a sieve, then a sort by insertion.
    public fun vectors(n: u64): u64 {
        let mut sieve = vector<bool>[];
        let mut i = 0;
        while (i < n) { sieve.push_back(true); i = i + 1 };
        let mut primes = vector<u64>[];
        i = 2;
        while (i < n) {
            if (sieve[i]) {
                primes.push_back(n - i);
                let mut j = i * i;
                while (j < n) { *&mut sieve[j] = false; j = j + i };
            };
            i = i + 1;
        };
        let count = primes.length();
        i = 1;
        while (i < count) {
            let mut j = i;
            while (j > 0 && primes[j - 1] > primes[j]) { primes.swap(j - 1, j); j = j - 1 };
            i = i + 1;
        };
        let mut sum = 0;
        i = 0;
        while (i < count) { sum = (sum * 31 + primes[i]) % 1000000007; i = i + 1 };
        sum
    }

    fun advance(p: &mut Point, by: u64) {
        p.x = (p.x * 13 + by) % 10007;
        let y = &mut p.y;
        *y = (*y + p.x) % 10009;
    }

    /// Structs and references.
    public fun structs(n: u64): u64 {
        let mut points = vector[Point { x: 1, y: 2 }, Point { x: 3, y: 4 }, Point { x: 5, y: 6 }];
        let mut i = 0;
        while (i < n) {
            let p = &mut points[i % 3];
            advance(p, i);
            let c = *p;
            let Point { x, y } = c;
            points[(i + 1) % 3].y = (x + y) % 10009;
            i = i + 1;
        };
        points[0].x + points[1].y
    }

    fun swap<A: copy + drop, B: copy + drop>(p: Pair<A, B>): Pair<B, A> {
        let Pair { first, second } = p;
        Pair { first: second, second: first }
    }

    fun fold<T: copy + drop>(v: &vector<T>, other: T, n: u64): vector<T> {
        let mut out = vector[];
        let mut i = 0;
        while (i < n) {
            out.push_back(if (i % 2 == 0) v[i % v.length()] else other);
            i = i + 1;
        };
        out
    }

    /// Generics.
    public fun generics(n: u64): u64 {
        let mut i = 0;
        let mut sum = 0;
        while (i < n) {
            let p = swap(Pair { first: i, second: i % 2 == 0 });
            let q = swap<bool, u64>(p);
            let numbers = fold(&vector[i, 1, 2], q.first, 4);
            let pairs = fold(&vector[q, q], Pair { first: 7, second: true }, 3);
            sum = (sum + numbers[2] + numbers[1] + pairs[1].first) % 1000003;
            i = i + 1;
        };
        sum
    }

    /// Wide integers.
    public fun wide(n: u64): u64 {
        let mut a: u128 = 1;
        let mut b: u256 = 3;
        let mut i = 0;
        while (i < n) {
            a = (a * 6364136223846793005 + 1442695040888963407) % 340282366920938463;
            b = (b * b + (a as u256)) % 340282366920938463463374607431768211297;
            i = i + 1;
        };
        ((a ^ ((b % 18446744073709551557) as u128)) % 1000000007) as u64
    }
}
