// Classes, inherited methods, closures, getters, maps and sets.
class Shape {
  constructor(name) { this.name = name; this.seen = 0; }
  get label() { return this.name + "#" + this.seen; }
  area() { return 0; }
  visit() { this.seen++; return this.area(); }
}
class Square extends Shape {
  constructor(side) { super("square"); this.side = side; }
  area() { return this.side * this.side; }
}
class Triangle extends Shape {
  constructor(base, height) { super("triangle"); this.base = base; this.height = height; }
  area() { return this.base * this.height / 2; }
  visit() { return super.visit() + 1; }
}
const counters = new Map();
const labels = new Set();
const count = (key) => { const add = (n) => counters.set(key, (counters.get(key) || 0) + n); return add; };
const add = [count("even"), count("odd")];
const shapes = [];
for (let i = 0; i < 60; i++) shapes.push(i % 3 ? new Square(i) : new Triangle(i, 4));
let total = 0;
for (let round = 0; round < 40; round++) {
  for (const shape of shapes) {
    const area = shape.visit();
    total += area;
    add[area & 1](1);
    labels.add(shape.label);
  }
}
const found = [total, counters.get("even"), counters.get("odd"), labels.size].join();
if (found !== "1965600,800,1600,80") throw new Error(found);
