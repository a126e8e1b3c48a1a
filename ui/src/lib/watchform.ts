// A watch folder as it is typed into its form, and as the engine keeps it. Pure.
import type { Afterwards, Fields, WatchFolder } from './bindings';
import { askedBy, type Asked } from './fields';
import { globsOf } from './globs';
import { figureOf, shownFigure } from './limits';

export const newFolder = (path: string, profile: string): WatchFolder => ({
  id: 0,
  path,
  profile,
  keyTemplate: null,
  fields: {},
  only: [],
  except: [],
  breaking: false,
  afterwards: 'leave',
  limit: null,
  whileShot: true,
  quietSeconds: null,
  stopped: false,
});

export type TypedFolder = {
  path: string;
  profile: string;
  /** Null: the newsroom's own, whatever that becomes. */
  template: string | null;
  fields: Record<Asked, string>;
  /** A glob to a line. */
  only: string;
  except: string;
  breaking: boolean;
  afterwards: Afterwards;
  limit: string;
  whileShot: boolean;
  quiet: string;
};

export function typedFolder(folder: WatchFolder): TypedFolder {
  return {
    path: folder.path,
    profile: folder.profile,
    template: folder.keyTemplate,
    fields: {
      slug: folder.fields.slug ?? '',
      story: folder.fields.story ?? '',
      desk: folder.fields.desk ?? '',
    },
    only: folder.only.join('\n'),
    except: folder.except.join('\n'),
    breaking: folder.breaking,
    afterwards: folder.afterwards,
    limit: shownFigure(folder.limit),
    whileShot: folder.whileShot,
    quiet: folder.quietSeconds === null ? '' : String(folder.quietSeconds),
  };
}

const LONGEST_QUIET_S = 86_400;

/** What the engine is to keep, or a sentence about what was typed. `own` is the newsroom's key template. */
export function folderOf(typed: TypedFolder, before: WatchFolder, own: string): WatchFolder | string {
  const limit = figureOf(typed.limit);
  if (limit === undefined) return 'Write a limit in megabits a second, such as 20.';
  const quiet = typed.quiet.trim();
  const seconds = Number(quiet);
  if (quiet !== '' && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_QUIET_S))
    return 'Write the quiet time in whole seconds, such as 30.';
  const asked = askedBy(typed.template ?? own);
  const fields: Fields = Object.fromEntries(asked.map((field) => [field, typed.fields[field].trim()]));
  return {
    ...before,
    path: typed.path,
    profile: typed.profile,
    keyTemplate: typed.template?.trim() ?? null,
    fields,
    only: globsOf(typed.only),
    except: globsOf(typed.except),
    breaking: typed.breaking,
    afterwards: typed.afterwards,
    limit,
    whileShot: typed.whileShot,
    quietSeconds: quiet === '' ? null : seconds,
  };
}

/** From now on files are deleted that were not before, or not here: that is asked about a second time. */
export const beginsToDelete = (after: WatchFolder, before: WatchFolder): boolean =>
  after.afterwards === 'delete' &&
  (before.id === 0 || before.afterwards !== 'delete' || before.path !== after.path || before.profile !== after.profile);
