// Generators, destructuring, spread, and errors that are thrown and caught.
function* pairs(limit) {
  for (let i = 0; i < limit; i++) {
    const [a, b = i, ...rest] = [i, undefined, i + 1, i + 2];
    yield { a, b, sum: rest.reduce((x, y) => x + y, 0) };
  }
}
let total = 0, thrown = 0;
for (let round = 0; round < 8; round++) {
  for (const { a, b, sum } of pairs(80)) {
    try {
      if (a % 7 === 3) throw new RangeError("at " + a);
      total += [a, b, sum, ...[1, 2]].length + sum;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      thrown += error.message.length;
    } finally {
      total ^= b;
    }
  }
}
const found = [total, thrown].join();
if (found !== "47744,432") throw new Error(found);
