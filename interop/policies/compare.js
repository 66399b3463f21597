// Decides about the same requests with `millstream policy simulate` and with iam-simulate.

import { runSimulation } from '@cloud-copilot/iam-simulate'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STREAM, cases, differences } from './cases.js'

const folder = mkdtempSync(join(tmpdir(), 'policies-'))
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

// The request's keys, all of them given, so that neither judge has to know any.
function keysOf({ principal, keys }) {
  const account = principal.split(':')[4]
  return {
    'aws:username': principal.split('/').pop(), 'aws:userid': 'AIDAX', 'aws:PrincipalArn': principal,
    'aws:PrincipalAccount': account, 'aws:CurrentTime': '2026-11-30T12:00:00Z', 'aws:EpochTime': '1796040000',
    'aws:SecureTransport': 'true', 'aws:SourceIp': '10.1.2.3', ...keys,
  }
}

async function theirs(one) {
  const result = await runSimulation({
    request: {
      principal: one.principal, action: one.action, resource: { resource: STREAM, accountId: '111111111111' },
      contextVariables: keysOf(one),
    },
    identityPolicies: one.own ? [{ name: 'own', policy: one.own }] : [],
    serviceControlPolicies: [{ orgIdentifier: 'all', policies: [{ name: 'all', policy: everything }] }],
    resourceControlPolicies: [],
    resourcePolicy: one.theirs ?? undefined,
  }, {})
  if (result.resultType === 'error') throw new Error(`${one.label}: ${JSON.stringify(result.errors)}`)
  return result.overallResult === 'Allowed' ? 'allowed' : 'denied'
}

function ours(one) {
  const flags = ['policy', 'simulate', '--json', '--principal', one.principal, '--action', one.action, '--resource', STREAM]
  for (const [flag, document] of [['--policy', one.own], ['--resource-policy', one.theirs]]) {
    if (document === null) continue
    const path = join(folder, `${flag.slice(2)}.json`)
    writeFileSync(path, JSON.stringify(document))
    flags.push(flag, path)
  }
  for (const [key, values] of Object.entries(keysOf(one))) {
    for (const value of [values].flat()) flags.push('--context', `${key}=${value}`)
  }
  const ran = spawnSync(process.env.MILLSTREAM_BIN, flags, { encoding: 'utf8' })
  if (ran.status !== 0 && ran.status !== 3) throw new Error(`${one.label}: ${ran.stderr}`)
  return JSON.parse(ran.stdout).Decision
}

let wrong = 0
try {
  for (const one of cases) {
    const [own, other] = [ours(one), await theirs(one)]
    const expected = differences.get(one.label) ?? other
    const isKnown = differences.has(one.label)
    if (own !== expected || (isKnown && own === other)) {
      wrong += 1
      console.error(`${one.label}: ${own} here, ${other} there${isKnown ? ', which is known otherwise' : ''}`)
    } else {
      console.log(`ok: ${one.label}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = wrong === 0 ? 0 : 1
