// A package for the compiler: the modules, and stubs in the place of the framework. Nothing is fetched.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const VECTOR = `
#[defines_primitive(vector)]
module std::vector {
    #[bytecode_instruction] native public fun empty<Element>(): vector<Element>;
    #[bytecode_instruction] native public fun length<Element>(v: &vector<Element>): u64;
    #[syntax(index)] #[bytecode_instruction] native public fun borrow<Element>(v: &vector<Element>, i: u64): &Element;
    #[bytecode_instruction] native public fun push_back<Element>(v: &mut vector<Element>, e: Element);
    #[syntax(index)] #[bytecode_instruction] native public fun borrow_mut<Element>(v: &mut vector<Element>, i: u64): &mut Element;
    #[bytecode_instruction] native public fun pop_back<Element>(v: &mut vector<Element>): Element;
    #[bytecode_instruction] native public fun destroy_empty<Element>(v: vector<Element>);
    #[bytecode_instruction] native public fun swap<Element>(v: &mut vector<Element>, i: u64, j: u64);
}
`;
const UNIT_TEST = '#[test_only]\nmodule std::unit_test { public fun poison() { abort 0 } }';

const toml = (name, addresses, dependencies = '') =>
  `[package]\nname = "${name}"\nversion = "0.0.1"\nedition = "2024"\n[dependencies]\n${dependencies}\n[addresses]\n${addresses}\n`;

const STUBS = {
  'move-stdlib': { 'Move.toml': toml('MoveStdlib', 'std = "0x1"'), 'sources/vector.move': VECTOR, 'sources/unit_test.move': UNIT_TEST },
  'sui-framework': { 'Move.toml': toml('Sui', 'sui = "0x2"', 'MoveStdlib = { local = "../move-stdlib" }'), 'sources/stub.move': 'module sui::stub { public fun f() {} }' },
  'sui-system': { 'Move.toml': toml('SuiSystem', 'sui_system = "0x3"', 'MoveStdlib = { local = "../move-stdlib" }\nSui = { local = "../sui-framework" }'), 'sources/stub.move': 'module sui_system::stub { public fun f() {} }' },
  bridge: { 'Move.toml': toml('Bridge', 'bridge = "0xb"', 'MoveStdlib = { local = "../move-stdlib" }\nSui = { local = "../sui-framework" }'), 'sources/stub.move': 'module bridge::stub { public fun f() {} }' },
};

// What the builder asks for packages.
export class Stubs {
  async fetch(_url, _revision, folder) {
    return { ...STUBS[(folder || '').split('/').pop()] };
  }
  async fetchFile(url, revision, file) {
    const at = file.lastIndexOf('/');
    return (await this.fetch(url, revision, file.slice(0, at)))[file.slice(at + 1)] ?? null;
  }
  getResolvedSha(_url, revision) {
    return revision;
  }
}

// The files of a package with these sources.
export function files(sources) {
  return { 'Move.toml': toml('Compared', 'c = "0x42"'), ...sources };
}

// The builder in the folder of packages that npm installed; `entry` is a part of it.
export async function builder(packages, entry) {
  const { resolve } = createRequire(path.join(path.resolve(packages), 'package.json'));
  const folder = path.dirname(resolve('@zktx.io/sui-move-builder'));
  const root = folder.slice(0, folder.indexOf('sui-move-builder') + 'sui-move-builder'.length);
  const { exports } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const made = await import(pathToFileURL(path.join(root, exports[entry].import)));
  await made.initMovePackageBuilder();
  return made;
}
