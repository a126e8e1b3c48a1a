// Times of day as they are typed. Pure. What a time means, and in which zone, the engine says.

/** "18:00", "7.30", "1800": what the engine takes. */
export function isTimeOfDay(typed: string): boolean {
  const found = /^(\d{1,2})[:.](\d\d)$|^(\d\d)(\d\d)$/.exec(typed.trim());
  return found !== null && Number(found[1] ?? found[3]) < 24 && Number(found[2] ?? found[4]) < 60;
}

/** Minutes after midnight; "24:00" is the end of the day. Null where it is no time. */
export function minutesOf(typed: string): number | null {
  if (/^24[:.]?00$/.test(typed.trim())) return 1440;
  if (!isTimeOfDay(typed)) return null;
  const digits = typed.replace(/\D/g, '');
  return Number(digits.slice(0, -2)) * 60 + Number(digits.slice(-2));
}

export function timeOf(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
