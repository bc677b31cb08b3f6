import { describe, expect, test } from 'vitest';
import {
  adaptLimit,
  createRequestLimiter,
  createRequestLimiters,
  followLatency,
  isStrained,
  type Latency,
} from '../../../lib/chef/request-limiter.ts';
import type { Clock } from '../../../lib/ports/clock.ts';

function stoppedClock(): Clock & { nowMs: number } {
  return {
    nowMs: 1_000,
    now() {
      return this.nowMs;
    },
    sleep: () => Promise.resolve(),
    random: () => 0.5,
  };
}

const good = { verdict: 'good', wasFull: true } as const;
const trouble = { verdict: 'trouble', wasFull: true } as const;

describe('adaptLimit', () => {
  test('one round of good answers at a full house adds one place, up to the ceiling', () => {
    let limit = { places: 4, judgedFrom: 0 };
    for (let number = 0; number < 4; number += 1) limit = adaptLimit(limit, { ...good, number, nextNumber: 9 }, 16);
    expect(limit.places).toBeCloseTo(5);

    for (let number = 4; number < 400; number += 1) limit = adaptLimit(limit, { ...good, number, nextNumber: 400 }, 16);
    expect(limit.places).toBe(16);
  });

  test('good answers while places stand empty add none', () => {
    const limit = { places: 4, judgedFrom: 0 };
    expect(adaptLimit(limit, { ...good, wasFull: false, number: 1, nextNumber: 2 }, 16)).toBe(limit);
  });

  test('trouble takes half of the places, slowness a fifth', () => {
    const limit = { places: 16, judgedFrom: 0 };
    expect(adaptLimit(limit, { ...trouble, number: 3, nextNumber: 20 }, 16).places).toBe(8);
    expect(adaptLimit(limit, { ...trouble, verdict: 'slow', number: 3, nextNumber: 20 }, 16).places).toBeCloseTo(12.8);
  });

  test('requests that were under way together cost places only once', () => {
    let limit = { places: 16, judgedFrom: 0 };
    for (let number = 0; number < 16; number += 1)
      limit = adaptLimit(limit, { ...trouble, number, nextNumber: 16 }, 16);
    expect(limit.places).toBe(8);

    limit = adaptLimit(limit, { ...trouble, number: 16, nextNumber: 24 }, 16);
    expect(limit.places).toBe(4);
  });

  test('one place always remains', () => {
    const limit = adaptLimit({ places: 1, judgedFrom: 0 }, { ...trouble, number: 1, nextNumber: 2 }, 16);
    expect(limit.places).toBe(1);
  });
});

describe('followLatency', () => {
  const latencyAfter = (durations: readonly number[], from?: Latency): Latency | undefined =>
    durations.reduce<Latency | undefined>(followLatency, from);

  test('a server that answers slowly but steadily is not under strain', () => {
    const latency = latencyAfter(Array.from({ length: 200 }, () => 900));
    expect(latency !== undefined && isStrained(latency)).toBe(false);
  });

  test('a server that takes many times longer than it used to is under strain', () => {
    const calm = latencyAfter(Array.from({ length: 50 }, () => 40));
    const busy = latencyAfter(
      Array.from({ length: 30 }, () => 2_000),
      calm,
    );
    expect(busy !== undefined && isStrained(busy)).toBe(true);
  });

  test('a single slow answer is no strain', () => {
    const calm = latencyAfter(Array.from({ length: 50 }, () => 40));
    const latency = latencyAfter([2_000], calm);
    expect(latency !== undefined && isStrained(latency)).toBe(false);
  });
});

describe('createRequestLimiter', () => {
  test('the first to ask is the first to go when a place is free again', async () => {
    const limiter = createRequestLimiter(stoppedClock(), 1);
    const order: string[] = [];
    const first = await limiter.enter();
    const second = limiter.enter().then((place) => {
      order.push('second');
      place.leave('answered');
    });
    const third = limiter.enter().then((place) => {
      order.push('third');
      place.leave('answered');
    });
    expect(limiter.inFlight).toBe(1);

    first.leave('answered');
    await Promise.all([second, third]);

    expect(order).toEqual(['second', 'third']);
    expect(limiter.inFlight).toBe(0);
  });

  test('trouble lowers the limit and is remembered with its time', async () => {
    const clock = stoppedClock();
    const limiter = createRequestLimiter(clock, 16);
    expect(limiter.lastTroubleAt).toBe(0);

    const place = await limiter.enter();
    clock.nowMs = 5_000;
    place.leave('trouble');

    expect(limiter.limit).toBe(8);
    expect(limiter.lastTroubleAt).toBe(5_000);
  });

  test('no configuration brings more than 32 requests in flight to one server', () => {
    expect(createRequestLimiter(stoppedClock(), 1_000).limit).toBe(32);
    expect(createRequestLimiter(stoppedClock()).limit).toBe(16);
  });
});

describe('createRequestLimiters', () => {
  test('everything that talks to one server shares its places; another server has its own', () => {
    const limiters = createRequestLimiters(stoppedClock(), new Map([['https://a', 4]]));
    expect(limiters.of('https://a')).toBe(limiters.of('https://a'));
    expect(limiters.of('https://a').limit).toBe(4);
    expect(limiters.of('https://b').limit).toBe(16);
  });

  test('a changed bound holds at once when it is smaller, and is grown into when it is larger', async () => {
    const limiters = createRequestLimiters(stoppedClock(), new Map([['https://a', 4]]));
    const limiter = limiters.of('https://a');

    limiters.setCeilings(new Map([['https://a', 2]]));
    expect(limiter.limit).toBe(2);

    limiters.setCeilings(new Map([['https://a', 3]]));
    expect(limiter.limit).toBe(2);
    for (let round = 0; round < 9; round += 1) {
      const places = await Promise.all([limiter.enter(), limiter.enter()]);
      for (const place of places) place.leave('answered');
    }
    expect(limiter.limit).toBe(3);
  });
});
