// Calls: Fibonacci, Ackermann, mutual recursion, and queens on a board.
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
const ackermann = (m, n) => (m === 0 ? n + 1 : ackermann(m - 1, n === 0 ? 1 : ackermann(m, n - 1)));
const even = (n) => (n === 0 ? true : odd(n - 1));
const odd = (n) => (n === 0 ? false : even(n - 1));
function queens(size, row, columns, rising, falling) {
  if (row === size) return 1;
  let found = 0;
  for (let column = 0; column < size; column++) {
    const up = 1 << (row + column), down = 1 << (row - column + size);
    if (columns & (1 << column) || rising & up || falling & down) continue;
    found += queens(size, row + 1, columns | (1 << column), rising | up, falling | down);
  }
  return found;
}
const found = [fib(16), ackermann(2, 6), even(100), queens(6, 0, 0, 0, 0)].join();
if (found !== "987,15,true,4") throw new Error(found);
