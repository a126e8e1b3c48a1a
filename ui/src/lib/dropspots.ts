// Where in the window a drop means what. Pure: the overlay draws it, the drops decide by it.
import type { Spot } from './bindings';

/** From here down, as a part of the window's height, a drop is breaking; among the watch folders it is sent. */
export const BREAKING_FROM = 0.74;

export function isBreakingSpot(spot: Spot | null, height: number): boolean {
  return spot !== null && height > 0 && spot.y >= height * BREAKING_FROM;
}
