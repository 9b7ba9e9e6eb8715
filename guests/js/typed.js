// Typed arrays: a sieve over bytes, products of matrices of floats, words seen as bytes.
const SIZE = 5000;
const composite = new Uint8Array(SIZE);
let primes = 0;
for (let n = 2; n < SIZE; n++) {
  if (composite[n]) continue;
  primes++;
  for (let m = n * n; m < SIZE; m += n) composite[m] = 1;
}
const N = 16;
const a = new Float64Array(N * N).map((_, i) => i % 7);
const b = new Float64Array(N * N).map((_, i) => (i * 3) % 5);
const product = new Float64Array(N * N);
for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) {
  let sum = 0;
  for (let k = 0; k < N; k++) sum += a[i * N + k] * b[k * N + j];
  product[i * N + j] = sum;
}
const view = new DataView(new ArrayBuffer(1024));
for (let i = 0; i < 256; i++) view.setUint32(4 * i, Math.imul(i, 0x9e3779b1), i % 2 === 0);
let bytes = 0;
for (let i = 0; i < 1024; i++) bytes += view.getUint8(i);
const found = [primes, product.reduce((x, y) => x + y), bytes].join();
if (found !== "669,24308,130150") throw new Error(found);
