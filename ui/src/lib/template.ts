// What a key template makes of an example, for the form. The engine's own rules decide; this shows them roughly. Pure.

/** Where a newsroom's files go unless it says otherwise. */
export const NEWSROOM_TEMPLATE = '{bureau}/{date}/{slug}/{name}';

const safe = (text: string) =>
  text
    .trim()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_');

export function exampleKey(template: string, bureau: string, now: number): string {
  const d = new Date(now);
  const two = (n: number) => String(n).padStart(2, '0');
  const values: Record<string, string> = {
    bureau: safe(bureau || 'Nairobi'),
    date: `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
    slug: 'Market_fire',
    story: 'Election',
    desk: 'World',
    name: 'MKR_fire_01.mxf',
  };
  return template.trim().replace(/\{(\w+)\}/g, (whole, field: string) => values[field] ?? whole);
}
