// Compiles the functions with the published compiler, and writes the modules and the calls to be made of them.
//
// node compile.mjs PACKAGES OUT.json

import fs from 'node:fs';
import { modules, source } from './functions.mjs';
import { Stubs, builder, files } from './package.mjs';

const [packages, out] = process.argv.slice(2);
const { dumpMovePackage } = await builder(packages, '.');
const made = [];
for (const module of modules()) {
  const sources = { [`sources/${module.name}.move`]: source(module) };
  const result = await dumpMovePackage({ files: files(sources), network: 'mainnet', fetcher: new Stubs() });
  if (result.error || result.modules?.length !== 1) {
    console.error(JSON.stringify(result).slice(0, 4000));
    process.exit(1);
  }
  const calls = module.functions.flatMap(({ name, inputs }) => inputs.map((input) => ({ function: `f_${name}`, arguments: input })));
  made.push({ name: module.name, code: Buffer.from(result.modules[0], 'base64').toString('hex'), calls });
}
fs.writeFileSync(out, JSON.stringify(made));
const functions = made.reduce((sum, { calls }) => sum + new Set(calls.map((call) => call.function)).size, 0);
const calls = made.reduce((sum, module) => sum + module.calls.length, 0);
console.log(`${made.length} modules, ${functions} functions, ${calls} calls`);
