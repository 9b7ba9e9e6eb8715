// Asks the published machine whether it agrees with each answer, and writes the calls with the answers that it agrees with.
//
// node confirm.mjs PACKAGES CALLS.json ANSWERS.json OUT.json
//
// Each call becomes a unit test. One that succeeds asserts the result that was answered, as a value of its type. One that
// does not is just made, and what the machine says of it is compared with the answer.

import fs from 'node:fs';
import { functions, literal, modules, source } from './functions.mjs';
import { Stubs, builder, files } from './package.mjs';

const [packages, callsFile, answersFile, out] = process.argv.slice(2);
const { testMovePackage } = await builder(packages, './full');
const compiled = JSON.parse(fs.readFileSync(callsFile, 'utf8'));
const answers = JSON.parse(fs.readFileSync(answersFile, 'utf8'));
const byName = new Map(functions.map((one) => [`f_${one.name}`, one]));
// No test aborts with it on its own account.
const OTHER = '987654321';

function test(number, call, answer) {
  const { parameters, result } = byName.get(call.function);
  const list = Object.values(parameters).map((type, at) => literal(type, call.arguments[at])).join(', ');
  const made = `${call.function}(${list})`;
  const body = answer.status === 'success' ? `assert!(${made} == ${literal(result, answer.results[0])}, ${OTHER});` : `let _ = ${made};`;
  return `    #[test] fun t_${number}() { ${body} }`;
}

// What the machine said of each test that did not pass.
function said(output) {
  const found = new Map();
  let name = null;
  for (const line of output.replace(/\x1b\[[0-9;]*m/g, '').split('\n')) {
    name = line.match(/┌── (t_\d+) ─/)?.[1] ?? name;
    const what = line.match(/Test was not expected to error, but it (.*?) originating/)?.[1];
    if (name && what && !found.has(name)) found.set(name, what);
  }
  return found;
}

// An answer in the machine's words.
function words(answer) {
  if (answer.status === 'abort') return `aborted with code ${answer.code}`;
  if (answer.kind === 'ARITHMETIC_ERROR') return 'gave an arithmetic error';
  if (answer.kind === 'VECTOR_OPERATION_ERROR') return 'gave a vector operation error';
  return `gave a ${answer.kind} `;
}

const counts = { success: 0, abort: 0, error: 0 };
const wrong = [];
for (const [at, module] of modules().entries()) {
  const { calls } = compiled[at];
  const tests = calls.map((call, number) => test(number, call, answers[at][number]));
  const sources = { [`sources/${module.name}.move`]: source(module, tests.join('\n')) };
  const { output } = await testMovePackage({ files: files(sources), network: 'mainnet', fetcher: new Stubs() });
  const passed = new Set([...output.replace(/\x1b\[[0-9;]*m/g, '').matchAll(/\[ PASS\s*\] \S*::(t_\d+)/g)].map((match) => match[1]));
  const failed = said(output);
  if (passed.size + failed.size !== calls.length) wrong.push(`${module.name}: ${passed.size} passed, ${failed.size} did not, of ${calls.length}: ${output.slice(0, 2000)}`);
  for (const [number, call] of calls.entries()) {
    const answer = answers[at][number];
    const name = `t_${number}`;
    const agrees = answer.status === 'success' ? passed.has(name) : (failed.get(name) ?? '').startsWith(words(answer).trimEnd());
    if (agrees) counts[answer.status] += 1;
    else wrong.push(`${call.function}(${JSON.stringify(call.arguments)}): ${JSON.stringify(answer)}, and the published machine ${failed.get(name) ?? (passed.has(name) ? 'passes' : 'says nothing')}`);
  }
}
const all = counts.success + counts.abort + counts.error;
console.log(`${functions.length} functions, ${all} calls with equal answers: ${counts.success} results, ${counts.abort} aborts, ${counts.error} errors; ${wrong.length} differences`);
if (wrong.length > 0) {
  console.error(wrong.slice(0, 40).join('\n'));
  process.exit(1);
}
const kept = compiled.map(({ name, code, calls }, at) => ({
  name,
  code,
  calls: calls.map((call, number) => {
    const { status, results, code, kind } = answers[at][number];
    const answer = status === 'success' ? { results } : status === 'abort' ? { abort: code } : { error: kind };
    return { function: call.function, arguments: call.arguments, ...answer };
  }),
}));
const lines = kept.map(({ name, code, calls }) => `{"name":"${name}","code":"${code}","calls":[\n${calls.map((call) => JSON.stringify(call)).join(',\n')}\n]}`);
fs.writeFileSync(out, `[\n${lines.join(',\n')}\n]\n`);
