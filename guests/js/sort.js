// Sorting with the built-in sort and with a quicksort of its own, and binary search.
let state = 88172645;
const random = () => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return state >>> 0;
};
const numbers = Array.from({ length: 500 }, random);
const sorted = numbers.slice().sort((a, b) => a - b);
function quicksort(list, from, to) {
  while (from < to) {
    const pivot = list[(from + to) >> 1];
    let i = from, j = to;
    while (i <= j) {
      while (list[i] < pivot) i++;
      while (list[j] > pivot) j--;
      if (i <= j) { const t = list[i]; list[i++] = list[j]; list[j--] = t; }
    }
    if (j - from < to - i) { quicksort(list, from, j); from = i; } else { quicksort(list, i, to); to = j; }
  }
}
const own = numbers.slice();
quicksort(own, 0, own.length - 1);
for (let i = 0; i < own.length; i++) if (own[i] !== sorted[i]) throw new Error("place " + i);
let steps = 0;
for (const number of numbers) {
  let low = 0, high = sorted.length;
  while (low < high) { steps++; const middle = (low + high) >> 1; if (sorted[middle] < number) low = middle + 1; else high = middle; }
  if (sorted[low] !== number) throw new Error("lost " + number);
}
if (steps !== 4490) throw new Error("steps " + steps);
