// Arithmetic in one loop: small integers, and numbers that leave them.
let sum = 0;
let state = 1;
for (let i = 0; i < 8000; i++) {
  state = (state * 1103515245 + 12345) % 2147483648;
  sum += state & 0xff;
}
if (sum !== 176555) throw new Error("sum " + sum);
