// How tall the rows of a list are, as far as they were seen; the others count as plain ones.

export class Heights {
  #plain: number;
  #seen = new Map<number, number>();
  #version = $state(0);

  constructor(plain: number) {
    this.#plain = plain;
  }

  of(id: number): number {
    void this.#version;
    return this.#seen.get(id) ?? this.#plain;
  }

  #observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { dataset, offsetHeight } = target as HTMLElement;
      const id = Number(dataset.id);
      if (offsetHeight > 0 && this.of(id) !== offsetHeight) {
        this.#seen.set(id, offsetHeight);
        this.#version += 1;
      }
    }
  });

  /** An attachment for a row's element, which bears its id as `data-id`. */
  measure = (node: HTMLElement) => {
    this.#observer.observe(node);
    return () => this.#observer.unobserve(node);
  };
}
