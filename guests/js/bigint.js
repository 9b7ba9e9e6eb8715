// Large integers: powers modulo a prime of 256 bits, and an inverse by Fermat's theorem.
const P = (1n << 256n) - (1n << 32n) - 977n;
function power(base, exponent) {
  let result = 1n;
  for (base %= P; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = result * base % P;
    base = base * base % P;
  }
  return result;
}
const x = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
const inverse = power(x, P - 2n);
if (inverse * x % P !== 1n) throw new Error("inverse " + inverse);
// The point is on the curve of Bitcoin: y squared is x cubed plus 7.
const square = (power(x, 3n) + 7n) % P;
const y = power(square, (P + 1n) / 4n);
if (y * y % P !== square) throw new Error("no root");
