// What a drop is asked: one sheet at a time, the others wait behind it. Holds the question; `DropSheet` draws it.
import type { Field, Fields, Hurry } from '../bindings';
import { ASKED, type Asked } from '../fields';

export type Question = {
  title: string;
  /** Names of what it is about, verbatim. */
  names: string[];
  asks: Asked[];
  last: Fields;
  yes: string;
  /** How much the drop hurries unless that is changed; absent where it is not asked. */
  hurry?: Hurry;
  /** The time zone of the newsroom. */
  zone: string;
};

export type Answered = { fields: Fields; hurry: Hurry };

export const isAsked = (field: Field): field is Asked => (ASKED as readonly Field[]).includes(field);

type Open = Question & { answer: (answered: Answered | null) => void };

export class Questions {
  #line = $state.raw<readonly Open[]>([]);

  get current(): Question | null {
    return this.#line[0] ?? null;
  }

  /** Answers with the answer, or with null where the user thought better of it. */
  ask(question: Question): Promise<Answered | null> {
    return new Promise((answer) => (this.#line = [...this.#line, { ...question, answer }]));
  }

  /** Once only: a second answer must not be taken for one to the next question. */
  answer(question: Question | null, answered: Answered | null) {
    const [first, ...others] = this.#line;
    if (!first || first !== question) return;
    this.#line = others;
    first.answer(answered);
  }
}

export const questions = new Questions();
