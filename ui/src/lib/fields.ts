// What a key template may ask of somebody. Pure.
import type { Field } from './bindings';

/** The fields that are asked; the others the engine knows by itself. */
export type Asked = Extract<Field, 'slug' | 'story' | 'desk'>;
export const ASKED: readonly Asked[] = ['slug', 'story', 'desk'];
export const FIELD_LABELS: Record<Asked, string> = { slug: 'Slug', story: 'Story', desk: 'Desk' };

/** Which of them a key template names. */
export const askedBy = (template: string): Asked[] => ASKED.filter((field) => template.includes(`{${field}}`));
