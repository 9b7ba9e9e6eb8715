// Runs programs in @ethereumjs/evm: one JSON object a line in, one out. The argument is the folder that has the packages.
//
// A call is made as the machine's own interface has it, without a transaction: what a transaction makes warm (EIP-2929) is
// made warm here, as the guest does it.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.argv[2] + '/package.json')
const load = async (name) => import(pathToFileURL(require.resolve(name)).href)
const { createEVM, getActivePrecompiles } = await load('@ethereumjs/evm')
const { Common, Mainnet, Hardfork } = await load('@ethereumjs/common')
const { MerkleStateManager } = await load('@ethereumjs/statemanager')
const { Account, Address, hexToBytes, bytesToHex, createAddressFromString, setLengthLeft, bigIntToBytes } = await load('@ethereumjs/util')

const bytes = (hex) => hexToBytes('0x' + hex)
const hex = (bytes) => bytesToHex(bytes).slice(2)
const address = (text) => createAddressFromString('0x' + text)

async function run(program) {
  const common = new Common({ chain: Mainnet, hardfork: program.hardfork })
  const stateManager = new MerkleStateManager({ common })
  const evm = await createEVM({ common, stateManager })
  await stateManager.checkpoint()
  for (const [name, account] of Object.entries(program.accounts)) {
    const at = address(name)
    await stateManager.putAccount(at, new Account(BigInt(account.nonce), BigInt(account.balance)))
    if (account.code !== '') await stateManager.putCode(at, bytes(account.code))
    for (const [key, value] of Object.entries(account.storage)) {
      await stateManager.putStorage(at, bytes(key), trimmed(bytes(value)))
    }
  }
  const to = address(program.to)
  const caller = address(program.caller)
  await stateManager.putCode(to, bytes(program.code))
  await stateManager.commit()
  await stateManager.flush()
  if (common.isActivatedEIP(2929)) {
    for (const name of getActivePrecompiles(common).keys()) evm.journal.addAlwaysWarmAddress('0x' + name)
    evm.journal.addAlwaysWarmAddress(caller.toString())
    evm.journal.addAlwaysWarmAddress(to.toString())
    if (common.isActivatedEIP(3651)) evm.journal.addAlwaysWarmAddress('0x' + '00'.repeat(20))
  }
  const block = {
    header: {
      number: 1n, coinbase: address('00'.repeat(20)), timestamp: 1n, difficulty: 0n, prevRandao: new Uint8Array(32),
      gasLimit: 30000000n, baseFeePerGas: 0n, getBlobGasPrice: () => 1n, slotNumber: 0n,
    },
  }
  const gasLimit = BigInt(program.gas)
  const result = await evm.runCall({
    caller, origin: caller, to, gasLimit, gasPrice: 0n, value: BigInt(program.value), data: bytes(program.data), block,
    blobVersionedHashes: [],
  })
  const { execResult } = result
  // What a transaction does at its end: contracts that destroyed themselves go, from EIP-6780 on only new ones.
  for (const name of execResult.selfdestruct?.keys() ?? []) {
    if (common.isActivatedEIP(6780) && !execResult.createdAddresses?.has(name)) continue
    await evm.journal.deleteAccount(createAddressFromString(name))
  }
  // It counts the call as a transaction of the caller.
  const sender = await stateManager.getAccount(caller)
  if (sender !== undefined) {
    sender.nonce -= 1n
    await evm.journal.putAccount(caller, sender)
  }
  await evm.journal.cleanup()
  await stateManager.flush()
  const error = execResult.exceptionError?.error
  const status = error === undefined ? 'success' : error === 'revert' ? 'revert' : 'halt'
  const logs = status === 'success' ? execResult.logs ?? [] : []
  return {
    status,
    gas_left: Number(gasLimit - execResult.executionGasUsed),
    gas_refund: status === 'success' ? Number(execResult.gasRefund ?? 0n) : 0,
    output: status === 'halt' ? '' : hex(execResult.returnValue),
    logs: logs.map(([at, topics, data]) => ({ address: hex(at), topics: topics.map(hex), data: hex(data) })),
    root: hex(await stateManager.getStateRoot()),
    reason: error ?? '',
  }
}

function trimmed(word) {
  const first = word.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : word.slice(first)
}

for await (const line of createInterface({ input: process.stdin })) {
  let result
  try {
    result = await run(JSON.parse(line))
  } catch (error) {
    result = { status: 'thrown', reason: String(error.stack).slice(0, 300) }
  }
  console.log(JSON.stringify(result))
}
