// Compiles the token again, and compares it with what is committed. The arguments are the folder that has the compiler and
// the folder of the token.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [packages, folder] = process.argv.slice(2)
const solc = createRequire(packages + '/package.json')('solc')
const input = {
  language: 'Solidity',
  sources: { 'Token.sol': { content: readFileSync(folder + '/Token.sol', 'utf8') } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'london',
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
  },
}
const output = JSON.parse(solc.compile(JSON.stringify(input)))
const compiled = output.contracts['Token.sol'].Token.evm.deployedBytecode.object
if (compiled !== readFileSync(folder + '/runtime.hex', 'utf8')) {
  console.error('the token is not what ' + solc.version() + ' makes of Token.sol')
  process.exit(1)
}
console.log('the token is what solc ' + solc.version() + ' makes of Token.sol: ' + compiled.length / 2 + ' bytes')
