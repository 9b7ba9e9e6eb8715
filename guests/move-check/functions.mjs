// The functions that are compared, as Move source, and the inputs of each.
//
// Each has a name, the types of its parameters and of its result, and its body. They are made from tables, so that every width
// of integer and every operation is there with every other. What a function gives is not written here: two machines say it,
// and they must agree.

const INTEGERS = ['u8', 'u16', 'u32', 'u64', 'u128', 'u256'];
const bits = (type) => BigInt(type.slice(1));
const largest = (type) => (1n << bits(type)) - 1n;

// Numbers at which operations of a width go wrong: the ends, the middle, and some in between.
function edges(type) {
  const top = largest(type);
  return [0n, 1n, 2n, 7n, top / 2n, top / 2n + 1n, top - 1n, top].map(String);
}

// Pairs of a few of them.
function pairs(type) {
  const [zero, one, two, seven, half, more, before, top] = edges(type);
  return [[zero, zero], [seven, two], [two, seven], [seven, zero], [zero, seven], [top, one], [one, top], [half, more], [top, top], [before, two]];
}

const all = [];
const add = (name, parameters, result, body, inputs, types = []) =>
  all.push({ name, parameters, result, body, inputs, types });

function arithmetic() {
  const operations = { add: '+', sub: '-', mul: '*', div: '/', mod: '%', or: '|', and: '&', xor: '^' };
  const comparisons = { lt: '<', gt: '>', le: '<=', ge: '>=', eq: '==', neq: '!=' };
  for (const type of INTEGERS) {
    for (const [name, sign] of Object.entries(operations)) {
      add(`${name}_${type}`, { a: type, b: type }, type, `a ${sign} b`, pairs(type));
    }
    for (const [name, sign] of Object.entries(comparisons)) {
      add(`${name}_${type}`, { a: type, b: type }, 'bool', `a ${sign} b`, pairs(type));
    }
    for (const [name, sign] of [['shl', '<<'], ['shr', '>>']]) {
      const distances = ['0', '1', '7', '8', '31', '63', '64', '127', '128', '255'];
      const inputs = distances.map((distance, at) => [edges(type)[7 - at % 8], distance]);
      add(`${name}_${type}`, { a: type, b: 'u8' }, type, `a ${sign} b`, inputs);
    }
    for (const to of INTEGERS) {
      add(`cast_${type}_${to}`, { a: type }, to, `(a as ${to})`, edges(type).map((edge) => [edge]));
    }
    add(`constant_${type}`, {}, type, `${largest(type)}${type}`, [[]]);
  }
  for (const [name, sign] of [['and', '&&'], ['or', '||'], ['eq', '=='], ['neq', '!=']]) {
    const both = [[false, false], [false, true], [true, false], [true, true]];
    add(`${name}_bool`, { a: 'bool', b: 'bool' }, 'bool', `a ${sign} b`, both);
  }
  add('not_bool', { a: 'bool' }, 'bool', '!a', [[true], [false]]);
}

function vectors() {
  const lists = { u8: [1, 2, 250], u64: ['1', '18446744073709551615'], u256: [String(largest('u256')), '0', '5'], bool: [true, false], address: ['0x1', '0xabc'] };
  for (const [type, list] of Object.entries(lists)) {
    const vector = `vector<${type}>`;
    // The published machine counts elements with 32 bits, and says that it is at fault where a place needs more.
    const places = ['0', '1', '2', '3', '1000000'];
    const at = places.map((place) => [list, place]);
    add(`length_${type}`, { v: vector }, 'u64', 'v.length()', [[list], [[]]]);
    add(`element_${type}`, { v: vector, i: 'u64' }, type, 'v[i]', at);
    add(`push_${type}`, { v: vector, e: type }, vector, '{ let mut v = v; v.push_back(e); v }', [[list, list[0]], [[], list[1]]]);
    add(`pop_${type}`, { v: vector }, type, '{ let mut v = v; v.pop_back() }', [[list], [[]]]);
    add(`popped_${type}`, { v: vector }, vector, '{ let mut v = v; v.pop_back(); v }', [[list], [[]]]);
    add(`swap_${type}`, { v: vector, i: 'u64', j: 'u64' }, vector, '{ let mut v = v; v.swap(i, j); v }', [[list, '0', '1'], [list, '1', '1'], [list, '0', '9']]);
    add(`set_${type}`, { v: vector, i: 'u64', e: type }, vector, '{ let mut v = v; *(&mut v[i]) = e; v }', [[list, '0', list[1]], [list, '1', list[0]], [list, '7', list[0]]]);
    add(`pack_${type}`, { a: type, b: type }, vector, 'vector[a, b, a]', [[list[0], list[1]]]);
    add(`same_${type}`, { v: vector, w: vector }, 'bool', 'v == w', [[list, list], [list, []], [[], []]]);
    add(`unlike_${type}`, { v: vector, w: vector }, 'bool', 'v != w', [[list, list], [list, []], [[], []]]);
    add(`nested_${type}`, { v: vector }, `vector<${vector}>`, 'vector[v, vector[], v]', [[list], [[]]]);
  }
  add('reverse', { v: 'vector<u64>' }, 'vector<u64>', '{ let mut v = v; let mut w = vector[]; while (v.length() > 0) w.push_back(v.pop_back()); v.destroy_empty(); w }', [[['1', '2', '3']], [[]]]);
  add('destroy', { v: 'vector<u64>' }, 'bool', '{ v.destroy_empty(); true }', [[[]], [['4']]]);
  add('text', {}, 'vector<u8>', 'b"Move text"', [[]]);
  add('hex', {}, 'vector<u8>', 'x"00ff10"', [[]]);
}

function structs() {
  const three = [['3', [1, 2], true]];
  const made = 'Thing { x, y, z }';
  const parameters = { x: 'u64', y: 'vector<u8>', z: 'bool' };
  add('pack_unpack', parameters, 'u64', `{ let Thing { x, y: _, z: _ } = ${made}; x }`, three);
  add('unpack_vector', parameters, 'vector<u8>', `{ let Thing { x: _, y, z: _ } = ${made}; y }`, three);
  add('field', parameters, 'bool', `{ let s = ${made}; let r = &s; r.z }`, three);
  add('field_reference', parameters, 'u64', `{ let s = ${made}; *x_of(&s) }`, three);
  add('set_field', parameters, 'u64', `{ let mut s = ${made}; s.x = s.x + 1; let r = &mut s.x; *r = *r * 2; s.x }`, [...three, [String(largest('u64')), [], false]]);
  add('set_through', parameters, 'u64', `{ let mut s = ${made}; let r = x_mut(&mut s); *r = 9; let Thing { x, y: _, z: _ } = s; x }`, three);
  add('copy_struct', parameters, 'bool', `{ let s = ${made}; let mut t = s; t.x = 0; s == t }`, [...three, ['0', [], false]]);
  add('equal_structs', parameters, 'bool', `{ let s = ${made}; let t = s; s == t }`, three);
  add('freeze', parameters, 'u64', `{ let mut s = ${made}; let r = &mut s; let f: &Thing = r; f.x }`, three);
  add('structs_in_vector', parameters, 'u64', `{ let s = ${made}; let mut v = vector[s, s]; v[1].x = 11; let w = &v[0]; w.x + v[1].x }`, three);
  for (const [type, value, other] of [['u8', '7', '9'], ['u64', '1', '2'], ['u256', String(largest('u256')), '0'], ['bool', true, false], ['address', '0x5', '0x6'], ['vector<u8>', [1], []]]) {
    const name = type.replace(/[<>]/g, '_');
    add(`generic_pack_${name}`, { a: type, b: type }, type, '{ let p = Pair<T0, T0> { a, b }; let Pair { a, b: _ } = p; a }'.replaceAll('T0', type), [[value, other]]);
    add(`generic_field_${name}`, { a: type, b: type }, type, '{ let p = Pair<T0, T0> { a, b }; *second(&p) }'.replaceAll('T0', type), [[value, other]]);
    add(`generic_set_${name}`, { a: type, b: type }, type, '{ let mut p = Pair<T0, T0> { a, b }; *first(&mut p) = b; p.a }'.replaceAll('T0', type), [[value, other]]);
    add(`generic_call_${name}`, { a: type, b: type }, type, '{ let (c, d) = turned(a, b); if (c == d) a else c }', [[value, other], [value, value]]);
    add(`generic_vector_${name}`, { a: type, b: type }, `vector<${type}>`, 'twice(a, b)', [[value, other]]);
    add(`generic_nested_${name}`, { a: type, b: type }, 'bool', '{ let p = Pair { a: Pair { a, b }, b: vector[a, b] }; p.a.b == p.b[1] }', [[value, other]]);
  }
}

function control() {
  const counts = [['0'], ['1'], ['2'], ['7'], ['20']];
  add('sum', { n: 'u64' }, 'u64', '{ let mut s = 0; let mut i = 0; while (i < n) { s = s + i * i; i = i + 1 }; s }', counts);
  add('loop_break', { n: 'u64' }, 'u64', '{ let mut i = 0; loop { if (i * i > n) break; i = i + 1 }; i }', counts);
  add('loop_continue', { n: 'u64' }, 'u64', '{ let mut i = 0; let mut s = 0; while (i < n) { i = i + 1; if (i % 3 == 0) continue; s = s + i }; s }', counts);
  add('nested_loops', { n: 'u64' }, 'u64', '{ let mut s = 0; let mut i = 0; while (i < n) { let mut j = 0; while (j < i) { s = s + i * j; j = j + 1 }; i = i + 1 }; s }', counts);
  add('recursion', { n: 'u64' }, 'u64', 'fib(n)', counts);
  add('mutual', { n: 'u64' }, 'bool', 'is_even(n)', counts);
  add('too_deep', { n: 'u64' }, 'u64', 'deep(n)', [['10'], ['100000']]);
  add('collatz', { n: 'u64' }, 'u64', '{ let mut n = n; let mut c = 0; while (n > 1) { n = if (n % 2 == 0) n / 2 else 3 * n + 1; c = c + 1 }; c }', counts);
  add('gcd', { a: 'u64', b: 'u64' }, 'u64', '{ let mut a = a; let mut b = b; while (b != 0) { let t = a % b; a = b; b = t }; a }', [['12', '18'], ['0', '5'], ['17', '13']]);
  add('aborts', { n: 'u64' }, 'u64', '{ if (n == 7) abort 42; n }', counts);
  add('abort_with', { n: 'u64' }, 'u64', 'abort n', [['0'], ['1'], [String(largest('u64'))]]);
  add('asserts', { n: 'u64' }, 'u64', '{ assert!(n < 5, n + 100); n }', counts);
  add('abort_below', { n: 'u64' }, 'u64', 'fails(n)', counts);
  add('abort_in_loop', { n: 'u64' }, 'u64', '{ let mut i = 0; while (i < 10) { if (i == n) abort 1000 + i; i = i + 1 }; i }', [...counts, ['9']]);
  add('abort_largest', { c: 'bool' }, 'u64', '{ if (c) abort 18446744073709551615; 1 }', [[true], [false]]);
  add('abort_by_reference', { a: 'u64' }, 'u64', '{ let r = &a; assert!(*r % 2 == 0, *r); *r }', [['4'], ['5'], ['77']]);
  add('abort_generic', { a: 'u8', b: 'u8' }, 'u8', '{ let (c, d) = turned(a, b); assert!(c > d, (c as u64)); d }', [['1', '2'], ['2', '1'], ['3', '3']]);
  add('select', { c: 'bool', a: 'u8', b: 'u8' }, 'u8', 'if (c) a else b', [[true, '1', '2'], [false, '1', '2']]);
  add('short_and', { a: 'u64', b: 'u64' }, 'bool', 'b != 0 && a / b > 1', [['4', '0'], ['4', '2'], ['4', '4']]);
  add('short_or', { a: 'u64', b: 'u64' }, 'bool', 'b == 0 || a / b > 1', [['4', '0'], ['4', '2'], ['4', '4']]);
  add('references', { a: 'u64', b: 'u64' }, 'u64', '{ let mut a = a; let mut b = b; exchange(&mut a, &mut b); a * 2 + b }', [['1', '2'], ['9', '4']]);
  add('reference_chosen', { c: 'bool' }, 'u64', '{ let a = 1; let b = 2; let r = if (c) &a else &b; *r }', [[true], [false]]);
  add('address', { a: 'address', b: 'address' }, 'bool', 'a == b', [['0x1', '0x1'], ['0x1', '0x2']]);
  add('an_address', {}, 'address', '@0xcafe', [[]]);
  add('multiply_mod', { a: 'u256', b: 'u256' }, 'u256', '{ let m = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001u256; let mut r = 0u256; let mut a = a % m; let mut b = b; while (b > 0) { if (b & 1 == 1) r = (r + a) % m; a = (a + a) % m; b = b >> 1 }; r }', [['3', '5'], [String(largest('u256')), '1000003']]);
}

const HELPERS = `
    public struct Thing has copy, drop, store { x: u64, y: vector<u8>, z: bool }
    public struct Pair<A, B> has copy, drop, store { a: A, b: B }
    fun x_of(s: &Thing): &u64 { &s.x }
    fun x_mut(s: &mut Thing): &mut u64 { &mut s.x }
    fun first<A, B>(p: &mut Pair<A, B>): &mut A { &mut p.a }
    fun second<A, B>(p: &Pair<A, B>): &B { &p.b }
    fun turned<A, B>(a: A, b: B): (B, A) { (b, a) }
    fun twice<T: copy + drop>(a: T, b: T): vector<T> { vector[a, b, a] }
    fun fib(n: u64): u64 { if (n < 2) n else fib(n - 1) + fib(n - 2) }
    fun is_even(n: u64): bool { if (n == 0) true else is_odd(n - 1) }
    fun is_odd(n: u64): bool { if (n == 0) false else is_even(n - 1) }
    fun deep(n: u64): u64 { if (n == 0) 0 else 1 + deep(n - 1) }
    fun fails(n: u64): u64 { if (n > 1) abort n * 3; n }
    fun exchange(a: &mut u64, b: &mut u64) { let t = *a; *a = *b; *b = t; }
`;

arithmetic();
vectors();
structs();
control();

export const functions = all;

// Modules of a few dozen functions each, by name, with what they have.
export function modules() {
  const size = 40;
  const found = [];
  for (let at = 0; at < all.length; at += size) {
    found.push({ name: `m${found.length}`, functions: all.slice(at, at + size) });
  }
  return found;
}

// A module's source, with more in it if there is more.
export function source({ name, functions }, more = '') {
  const text = functions.map(({ name, parameters, result, body }) => {
    const list = Object.entries(parameters).map(([name, type]) => `${name}: ${type}`).join(', ');
    return `    public fun f_${name}(${list}): ${result} { ${body} }`;
  });
  return `module c::${name} {\n${HELPERS}\n${text.join('\n')}\n${more}\n}\n`;
}

// A value of a type as Move writes it.
export function literal(type, value) {
  const inner = type.match(/^vector<(.*)>$/)?.[1];
  if (inner !== undefined) {
    const bytes = typeof value === 'string' ? [...Buffer.from(value.slice(2), 'hex')] : value;
    return `vector<${inner}>[${bytes.map((one) => literal(inner, one)).join(', ')}]`;
  }
  if (type === 'bool') return String(value);
  if (type === 'address') return `@${value}`;
  return `${value}${type}`;
}
