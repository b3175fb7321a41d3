/** Token buckets under a clock that the test moves. Rows 20 and 39 of abuse.md rest on them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RateName, rates } from '../src/contract/limits.ts';
import { type Counted, Throttle } from '../src/server/operations/throttle.ts';

const minuteMs = 60_000;
const someone: Counted = { user: 'ana', account: 'ana', address: '192.0.2.1' };

class Scene {
  now = 1_000_000;
  readonly throttle = new Throttle(
    () => {},
    () => this.now,
  );

  take(name: RateName | readonly RateName[], counted: Counted = someone): number | undefined {
    return this.throttle.take(typeof name === 'string' ? [name] : name, counted);
  }

  /** How often it may be done right now. */
  burst(name: RateName, counted: Counted = someone): number {
    let taken = 0;
    while (taken < 10_000 && this.take(name, counted) === undefined) taken += 1;
    return taken;
  }
}

const names = Object.keys(rates) as RateName[];

test('[abuse 20, 39] each rate allows its burst at once, and says how long the next has to wait', () => {
  for (const name of names) {
    const scene = new Scene();
    const { burst, perMinute } = rates[name];
    assert.equal(scene.burst(name), burst, name);
    assert.equal(scene.take(name), Math.ceil(minuteMs / perMinute), name);
  }
});

test('[abuse 20, 39] who waits as long as was said may do it again, and not a moment before', () => {
  for (const name of names) {
    const scene = new Scene();
    scene.burst(name);
    const waitMs = scene.take(name) ?? assert.fail();
    scene.now += waitMs - 1;
    assert.ok(scene.take(name) !== undefined, name);
    scene.now += 1;
    assert.equal(scene.take(name), undefined, name);
  }
});

test('[abuse 20, 39] over ten minutes nobody gets more than the burst and ten times the rate', () => {
  for (const name of names) {
    const scene = new Scene();
    const { burst, perMinute } = rates[name];
    let taken = 0;
    for (let second = 0; second <= 600; second += 1) {
      taken += scene.burst(name);
      scene.now += 1_000;
    }
    assert.equal(taken, burst + 10 * perMinute, name);
  }
});

test('[abuse 20] asking while it is too often makes nobody wait longer', () => {
  const scene = new Scene();
  scene.burst('loginsOfAccount');
  for (let attempt = 0; attempt < 1_000; attempt += 1) scene.take('loginsOfAccount');
  assert.equal(scene.take('loginsOfAccount'), 6_000);
  scene.now += 6_000;
  assert.equal(scene.take('loginsOfAccount'), undefined);
});

test('[abuse 20] however long an account was attacked, its owner gets in within seconds of the end', () => {
  const scene = new Scene();
  for (let second = 0; second < 3_600; second += 1) {
    scene.burst('loginsOfAccount', { account: 'ana', address: `attacker ${second}` });
    scene.now += 1_000;
  }
  const waitMs = scene.take('loginsOfAccount') ?? 0;
  assert.ok(waitMs <= minuteMs / rates.loginsOfAccount.perMinute);
});

test('[abuse 20] where an account was signed in to before, guesses from elsewhere do not keep its owner out', () => {
  const scene = new Scene();
  const attacker = { account: 'ana', address: 'elsewhere' };
  scene.throttle.signedIn('ana', someone.address);
  for (let second = 0; second < 600; second += 1) {
    scene.now += 1_000;
    scene.burst('loginsOfAccount', attacker);
  }
  assert.ok(scene.take('loginsOfAccount', attacker) !== undefined);
  assert.equal(scene.burst('loginsOfAccount'), rates.loginsOfAccount.burst, 'there, too, it is so many');
});

test('[abuse 20] a bucket that has been idle is full, and never more than full', () => {
  const scene = new Scene();
  scene.burst('registrations');
  scene.now += 24 * 60 * minuteMs;
  assert.equal(scene.burst('registrations'), rates.registrations.burst);
});

test('[abuse 20] of several rates all are taken, or none', () => {
  const both = ['loginsOfAccount', 'loginsOfAddress'] as const;
  const scene = new Scene();
  scene.burst('loginsOfAccount');
  for (let attempt = 0; attempt < 1_000; attempt += 1) assert.ok(scene.take(both) !== undefined);
  // What was refused for the account has not counted against the address.
  assert.equal(scene.burst('loginsOfAddress'), rates.loginsOfAddress.burst);
  // And the wait is the longest of the two.
  assert.equal(scene.take(both), minuteMs / rates.loginsOfAccount.perMinute);
});

test('[abuse 39] whoever is not named by a rate has a bucket of their own', () => {
  const scene = new Scene();
  scene.burst('messages');
  assert.equal(scene.burst('messages', { user: 'bruno', address: someone.address }), rates.messages.burst);
  assert.ok(scene.take('messages', { user: 'ana', address: 'another' }) !== undefined);
  // One kind of rate says nothing about another.
  assert.equal(scene.take('roomChanges'), undefined);
});

test('[abuse 20] names that look like two in one do not share a bucket, nor does one from the prototype', () => {
  const scene = new Scene();
  const strange = ['__proto__', 'constructor', 'ana', 'ana ', ' ana', 'loginsOfAccount ana', ''];
  for (const account of strange) {
    assert.equal(
      scene.burst('loginsOfAccount', { account, address: 'x' }),
      rates.loginsOfAccount.burst,
      account,
    );
  }
});

test('[abuse 20] a flood of names takes no more memory than so many buckets, and the latest are still counted', () => {
  const scene = new Scene();
  for (let name = 0; name < 150_000; name += 1) {
    scene.take('loginsOfAccount', { account: `name ${name}`, address: 'x' });
  }
  const left = (name: number) => scene.burst('loginsOfAccount', { account: `name ${name}`, address: 'x' });
  assert.equal(left(149_999), rates.loginsOfAccount.burst - 1);
  assert.equal(left(60_000), rates.loginsOfAccount.burst - 1);
  assert.equal(left(10_000), rates.loginsOfAccount.burst, 'forgotten');
});
