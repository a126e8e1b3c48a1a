// The fake engine's ways to the bucket, and tests of them that take a moment each. Invented.
import type { LaneTest, RouteTest, WayRow } from '../../bindings';
import type { Answer } from '../index';
import type { Floor } from './floor';

const WAYS: Pick<WayRow, 'lane' | 'uplink' | 'kind' | 'route' | 'why' | 'tripMs' | 'connectMs' | 'firstByteMs'>[] = [
  { lane: 1, uplink: 'Ethernet (eth0)', kind: 'accelerated', route: 'Accelerated', why: null, tripMs: 31, connectMs: 66, firstByteMs: 214 }, // prettier-ignore
  { lane: 3, uplink: 'Ethernet (eth0)', kind: 'direct', route: 'Direct', why: null, tripMs: 187, connectMs: 382, firstByteMs: 201 }, // prettier-ignore
  { lane: 2, uplink: 'Phone (<b>Amina’s</b> very long name of a telephone that somebody gave it)', kind: 'accelerated', route: 'Accelerated', why: null, tripMs: 64, connectMs: 141, firstByteMs: 262 }, // prettier-ignore
  { lane: 4, uplink: 'Phone (<b>Amina’s</b> very long name of a telephone that somebody gave it)', kind: 'dualStack', route: 'Direct, IPv6', why: null, tripMs: null, connectMs: null, firstByteMs: null }, // prettier-ignore
  { lane: null, uplink: '', kind: 'cloudFront', route: 'CloudFront', why: 'The keys for signing its addresses are not set up. IT does that in the newsroom’s settings.', tripMs: null, connectMs: null, firstByteMs: null }, // prettier-ignore
];
const PRICES: Record<string, [number, number]> = { accelerated: [0.04, 0.13], direct: [0, 0.09], dualStack: [0, 0.09] };
const EACH_MS = 1200;

export class Routes {
  tests: RouteTest[] = [];
  #testing: number | null = null;
  #floor: Floor;

  constructor(floor: Floor) {
    this.#floor = floor;
  }

  ways(): WayRow[] {
    const lanes = this.#floor.lanes();
    return WAYS.map((way) => {
      const carried = lanes.find((lane) => lane.id === way.lane);
      const [priceUp, priceDown] = PRICES[way.kind] ?? [0, 0];
      const state =
        way.lane === null
          ? 'closed'
          : way.lane === this.#testing
            ? 'testing'
            : way.lane === 4
              ? 'dead'
              : carried && carried.connections > 0
                ? 'carries'
                : 'standby';
      return {
        ...way,
        state,
        rate: carried?.rate ?? 0,
        connections: carried?.connections ?? 0,
        errors: way.lane === 4 ? 12 : 0,
        movedUp: 0,
        movedDown: 0,
        priceUp,
        priceDown,
        pricedOn: '2026-11-01',
      };
    });
  }

  async test(): Promise<Answer<RouteTest>> {
    const lanes: LaneTest[] = [];
    for (const { lane, uplink, kind, route, connectMs, firstByteMs } of WAYS) {
      if (lane === null) continue;
      this.#testing = lane;
      await new Promise((done) => setTimeout(done, EACH_MS));
      const trouble = lane === 4 ? 'It did not answer within 8 s.' : null;
      const rate = trouble ? null : (4 + Math.random() * 6) * 1e6;
      lanes.push({ lane, uplink, kind, route, connectMs, firstByteMs, rate, bytes: rate ? 8 << 20 : 0, trouble });
    }
    this.#testing = null;
    const test = { at: Date.now(), network: 'Ethernet (eth0)', lanes, note: null };
    this.tests = [test, ...this.tests];
    return { status: 'ok', data: test };
  }
}
