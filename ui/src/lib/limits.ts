// Limits as they are typed, in megabits a second and times of day, and as the engine keeps them. Pure.
import type { Limits, LimitSettings, Plan, Span } from './bindings';
import { minutesOf, timeOf } from './times';

const BYTES_A_MEGABIT = 125_000;

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** Of a figure the text that was typed; empty is no limit. Days are 1 for Monday to 7 for Sunday. */
export type TypedLine = { days: number[]; from: string; to: string; up: string; down: string };
export type Typed = { up: string; down: string; lines: TypedLine[] };

/** Office hours, to begin with. */
export const blank = (): TypedLine => ({ days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00', up: '', down: '' });

export const NO_LIMIT: Plan = { always: { up: null, down: null }, schedule: [] };

export const shownFigure = (figure: number | null) => (figure === null ? '' : String(figure / BYTES_A_MEGABIT));

export function typedOf(plan: Plan): Typed {
  const both = ({ up, down }: Limits) => ({ up: shownFigure(up), down: shownFigure(down) });
  return {
    ...both(plan.always),
    lines: plan.schedule.map((span) => ({
      days: [...span.days],
      from: timeOf(span.from),
      to: timeOf(span.to),
      ...both(span.limits),
    })),
  };
}

/** Bytes a second; null where nothing was typed, undefined where it is no figure. */
export function figureOf(typed: string): number | null | undefined {
  const text = typed.trim().replace(',', '.');
  if (text === '') return null;
  const figure = Number(text);
  return Number.isFinite(figure) && figure > 0 && figure < 1e6 ? Math.round(figure * BYTES_A_MEGABIT) : undefined;
}

function limitsOf({ up, down }: { up: string; down: string }): Limits | string {
  const limits = { up: figureOf(up), down: figureOf(down) };
  if (limits.up === undefined || limits.down === undefined) return 'Write a limit in megabits a second, such as 20.';
  return { up: limits.up, down: limits.down };
}

function spanOf(line: TypedLine): Span | string {
  const [from, to] = [minutesOf(line.from), minutesOf(line.to)];
  if (from === null || to === null) return 'Write hours like 08:00 and 18:00.';
  const limits = limitsOf(line);
  return typeof limits === 'string' ? limits : { days: line.days, from, to, limits };
}

/** The name under which the figures for all networks stand that have none of their own. */
export const EVERYWHERE = '';

/** By the network's name. */
export type TypedByUplink = Record<string, Typed>;

export function allTypedOf(settings: LimitSettings): TypedByUplink {
  const own = Object.entries(settings.uplinks ?? {}).map(([name, plan]) => [name, typedOf(plan)] as const);
  return { ...Object.fromEntries(own), [EVERYWHERE]: typedOf(settings.plan) };
}

/** What the engine is to keep, or a sentence about what was typed. Networks that are `metered` are for breaking clips. */
export function settingsOf(typed: TypedByUplink, metered: string[]): LimitSettings | string {
  const settings: LimitSettings = { plan: NO_LIMIT, uplinks: {}, metered };
  for (const [name, one] of Object.entries(typed)) {
    const plan = planOf(one);
    if (typeof plan === 'string') return plan;
    if (name === EVERYWHERE) settings.plan = plan;
    else settings.uplinks = { ...settings.uplinks, [name]: plan };
  }
  return settings;
}

function planOf(typed: Typed): Plan | string {
  const always = limitsOf(typed);
  if (typeof always === 'string') return always;
  const schedule: Span[] = [];
  for (const line of typed.lines) {
    const span = spanOf(line);
    if (typeof span === 'string') return span;
    schedule.push(span);
  }
  return { always, schedule };
}
