// Policies and requests that both judges decide about.

const OWNER = '111111111111'
export const STREAM = `arn:aws:kinesis:us-east-1:${OWNER}:stream/orders`
const ANN = `arn:aws:iam::${OWNER}:user/ann`
const BOB = 'arn:aws:iam::222222222222:user/bob'

const policy = (...statements) => ({ Version: '2012-10-17', Statement: statements })
const statement = (effect, action, resource = '*') => ({ Effect: effect, Action: action, Resource: resource })
const allowed = policy(statement('Allow', 'kinesis:*'))
const shared = (effect, who) =>
  policy({ Effect: effect, Principal: { AWS: who }, Action: 'kinesis:PutRecord', Resource: STREAM })

const request = (label, more) => ({
  label, principal: ANN, action: 'kinesis:PutRecord', own: null, theirs: null, keys: {}, ...more,
})

const callers = [
  ['nothing', ANN, null, null],
  ['own policy', ANN, allowed, null],
  ['own refusal', ANN, policy(statement('Deny', '*')), shared('Allow', ANN)],
  ['named', ANN, null, shared('Allow', ANN)],
  ['account named', ANN, null, shared('Allow', OWNER)],
  ['root named', ANN, null, shared('Allow', `arn:aws:iam::${OWNER}:root`)],
  ['refused', ANN, allowed, shared('Deny', ANN)],
  ['account refused', ANN, allowed, shared('Deny', OWNER)],
  ['across, own alone', BOB, allowed, null],
  ['across, theirs alone', BOB, null, shared('Allow', BOB)],
  ['across, both', BOB, allowed, shared('Allow', BOB)],
  ['across, account', BOB, allowed, shared('Allow', '222222222222')],
  ['across, refused', BOB, allowed, shared('Deny', BOB)],
].map(([label, principal, own, theirs]) => request(label, { principal, own, theirs }))

const resources = [
  '*', STREAM, 'arn:aws:kinesis:*', `arn:aws:kinesis:*:${OWNER}:stream/*`, 'arn:aws:kinesis:us-*-1:*:stream/orders',
  `arn:aws:kinesis:us-east-?:${OWNER}:stream/orders`, `arn:aws:kinesis:us-east-1:${OWNER}:*/orders`,
  'arn:aws:kinesis:*:*:stream/o?ders', 'arn:aws:kinesis:us-east-1:*:stream/ORDERS', 'arn:*:*:*:*:*',
  'arn:aws:kinesis:*:*:stream/${aws:PrincipalTag/team}', "arn:aws:kinesis:*:*:stream/${aws:PrincipalTag/team, 'orders'}",
  'arn:aws:kinesis:*:*:stream/${aws:username}*', `${STREAM}/*`,
].flatMap((name) => ['Resource', 'NotResource'].map((element) =>
  request(`${element} ${name}`, { own: policy({ Effect: 'Allow', Action: 'kinesis:*', [element]: name }) })))

const actions = ['*', 'kinesis:*', 'KINESIS:putrecord', 'kinesis:Put?ecord', 'kinesis:*Record', 'kinesis:PutRecords', 's3:*']
  .flatMap((name) => ['Action', 'NotAction'].map((element) =>
    request(`${element} ${name}`, { own: policy({ Effect: 'Allow', [element]: name, Resource: '*' }) })))

// Operator, key, what the policy wants, what the request has.
const TAG = 'aws:ResourceTag/team'
const conditions = [
  ['StringEquals', TAG, 'red', 'red'], ['StringEquals', TAG, 'RED', 'red'], ['StringEquals', TAG, 'r*', 'red'],
  ['StringEquals', TAG, ['blue', 'red'], 'red'], ['StringEquals', TAG, 'red', null],
  ['StringNotEquals', TAG, ['blue', 'red'], 'red'], ['StringNotEquals', TAG, 'red', null],
  ['StringEqualsIfExists', TAG, 'red', null], ['StringEqualsIgnoreCase', TAG, 'RED', 'red'],
  ['StringNotEqualsIgnoreCase', TAG, 'RED', 'red'], ['StringLike', TAG, 'r?d', 'red'], ['StringNotLike', TAG, 'r*', 'red'],
  ['StringEquals', TAG, '${aws:username}', 'ann'], ['StringNotEquals', TAG, '${aws:PrincipalTag/x}', 'ann'],
  ['NumericLessThanEquals', TAG, '10', '10'], ['NumericLessThan', TAG, '10', '9.5'], ['NumericLessThan', TAG, '10', 'nine'],
  ['NumericNotEquals', TAG, '10', 'nine'], ['NumericGreaterThan', 'aws:EpochTime', '1796040000', '1796040001'],
  ['DateGreaterThan', 'aws:CurrentTime', '2026-11-30', '2026-11-30T00:00:01Z'],
  ['DateLessThan', 'aws:CurrentTime', '2026-11-30T01:00:00+01:00', '2026-11-30T00:00:00Z'],
  ['DateEquals', 'aws:EpochTime', '2026-11-30T12:00:00Z', '1796040000'],
  ['Bool', 'aws:SecureTransport', 'true', 'true'], ['Bool', 'aws:SecureTransport', 'False', 'true'],
  ['Bool', 'aws:MultiFactorAuthPresent', 'false', null], ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'false', null],
  ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', '203.0.113.15'], ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', '203.0.114.15'],
  ['NotIpAddress', 'aws:SourceIp', '203.0.113.0/24', '203.0.114.15'], ['IpAddress', 'aws:SourceIp', '2001:db8::/32', '2001:db8::5'],
  ['IpAddress', 'aws:SourceIp', '203.0.113.7', '::ffff:203.0.113.7'],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', ANN], ['ArnNotEquals', 'aws:PrincipalArn', ANN, ANN],
  ['Null', TAG, 'true', null], ['Null', TAG, 'false', 'red'], ['Null', TAG, 'true', 'red'],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], ['a', 'b']], ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], ['a', 'c']],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], null], ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], ['a', 'c']],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], ['c']], ['ForAnyValue:StringEquals', 'aws:TagKeys', ['a', 'b'], null],
  ['ForAllValues:StringNotEquals', 'aws:TagKeys', ['a', 'b'], ['c']], ['ForAnyValue:StringNotEquals', 'aws:TagKeys', ['a', 'b'], ['a']],
].flatMap(([operator, key, wanted, has]) => ['Allow', 'Deny'].map((effect) => {
  const one = { ...statement(effect, '*'), Condition: { [operator]: { [key]: wanted } } }
  const own = effect === 'Allow' ? policy(one) : policy(statement('Allow', '*'), one)
  const keys = has === null ? {} : { [key]: has }
  // An operation that takes tags and has them.
  return request(`${effect} ${operator} ${key} ${wanted} ${has}`, { own, keys, action: 'kinesis:AddTagsToStream' })
}))

export const cases = [...callers, ...resources, ...actions, ...conditions]

// Where they differ, and why that is so.
export const differences = new Map([
  // What is no number cannot be compared: Millstream refuses by it, as it permits nothing by it.
  [`Deny NumericLessThan ${TAG} 10 nine`, 'denied'],
  [`Deny NumericNotEquals ${TAG} 10 nine`, 'denied'],
  // AWS compares aws:EpochTime as a number or as a date.
  ['Allow DateEquals aws:EpochTime 2026-11-30T12:00:00Z 1796040000', 'allowed'],
  ['Deny DateEquals aws:EpochTime 2026-11-30T12:00:00Z 1796040000', 'denied'],
  // A socket of IPv6 shows clients of IPv4 in this form.
  ['Allow IpAddress aws:SourceIp 203.0.113.7 ::ffff:203.0.113.7', 'allowed'],
  ['Deny IpAddress aws:SourceIp 203.0.113.7 ::ffff:203.0.113.7', 'denied'],
  // A variable without a value is like nothing, says AWS's page on variables, and its opposite fits.
  [`Allow StringNotEquals ${TAG} \${aws:PrincipalTag/x} ann`, 'allowed'],
  [`Deny StringNotEquals ${TAG} \${aws:PrincipalTag/x} ann`, 'denied'],
  // AWS's page on Resource excepts the service alone from wildcards.
  [`Resource arn:aws:kinesis:us-east-1:${OWNER}:*/orders`, 'allowed'],
  [`NotResource arn:aws:kinesis:us-east-1:${OWNER}:*/orders`, 'denied'],
])
