// The fake engine's bucket: as many clips as it is told, invented and always the same.
import type { Clip, ClipDetails, FootagePage, FootageQuery } from '../../bindings';
import { MB } from './scenes';

const CLIPS: [string, string, number][] = [
  ['harbour_aerials_graded.mp4', 'Lagos', 498],
  ['election_queue_drone_4K.mp4', 'Nairobi', 1300],
  ['MKR_fire_live_shot_01.mxf', 'Nairobi', 512],
  ['wheat_fields_cutaways.mov', 'Kyiv', 733],
  ['skyline_timelapse_dusk.mov', 'Manila', 211],
  ['press_room_wide.mxf', 'Brussels', 1900],
  ['reef_survey_boat.mp4', 'Suva', 402],
  ['desert_convoy_long_lens.mxf', 'Amman', 365],
  ['minister_on_the_stairs.wav', 'Bogota', 48],
];
const PER_DAY = 8;
const DAY = 86_400_000;

export class Bucket {
  version = 1;
  #clips: Clip[];
  #asOf = Date.now() - 140_000;

  constructor(count: number) {
    const start = new Date().setHours(0, 1, 0, 0);
    this.#clips = Array.from({ length: count }, (_, i) => {
      const day = Math.floor(i / PER_DAY);
      const at =
        day === 0 ? Date.now() - (i + 4) * 60_000 : start + DAY - day * DAY - (i % PER_DAY) * 3_000_000 - 3_600_000;
      return this.#clip(i, day === 0 ? Math.max(at, start) : at);
    });
  }

  #clip(i: number, modified: number): Clip {
    const [name, bureau, mb] = CLIPS[i % CLIPS.length]!;
    const turn = Math.floor(i / CLIPS.length);
    const named = turn === 0 ? name : name.replace('.', `_${String(turn).padStart(2, '0')}.`);
    const date = new Date(modified).toISOString().slice(0, 10);
    const key = `${bureau}/${date}/${named}`;
    return { key, shown: key, name: named, bureau, size: mb * MB, modified, etag: `"${i}"` };
  }

  /** Another clip is found in the bucket. */
  arrive() {
    this.version += 1;
    this.#asOf = Date.now();
    this.#clips = [this.#clip(90_000 + this.version, Date.now()), ...this.#clips];
  }

  page({ text, since, offset, limit }: FootageQuery): FootagePage {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#clips.filter(
      (clip) =>
        (since === null || clip.modified >= since) && words.every((word) => clip.shown.toLowerCase().includes(word)),
    );
    return {
      clips: found.slice(offset, offset + limit),
      matching: found.length,
      total: this.#clips.length,
      bureaus: Math.min(CLIPS.length, this.#clips.length),
      asOf: this.#asOf,
      partial: false,
      trouble: null,
    };
  }

  find(key: string): Clip {
    return this.#clips.find((clip) => clip.key === key)!;
  }

  details(key: string): ClipDetails {
    const clip = this.find(key);
    const kept = clip.bureau !== 'Kyiv';
    return {
      clip,
      contentType: clip.name.endsWith('.wav')
        ? 'audio/wav'
        : clip.name.includes('.mxf')
          ? 'application/mxf'
          : 'video/mp4',
      storageClass: 'INTELLIGENT_TIERING',
      checksum: kept ? { algorithm: 'CRC64NVME', value: 'ofCTwnvkENg=' } : null,
      originalName: null,
      slug: 'HARBOUR EXPANSION',
    };
  }
}
