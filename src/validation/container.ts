/** What a resource's contained resources must agree on. @see https://hl7.org/fhir/R4/references.html#contained */
import { type Problem, shown } from './problem.ts';

export class Container {
  /** Ids that `#id` may name. */
  readonly ids: Set<string> = new Set();
  /** The contained resource that the walk is in. */
  inside: number | undefined;
  private readonly mentioned: Set<string> = new Set();
  private readonly pointHome: Set<number> = new Set();
  private resources: readonly unknown[] = [];

  collect(contained: unknown): void {
    if (!Array.isArray(contained)) return;
    this.resources = contained;
    for (const { id } of contained.filter(isObject)) if (typeof id === 'string') this.ids.add(id);
  }

  /** Notes a reference or URI that starts with `#`. */
  mention(reference: string): void {
    if (reference === '#' && this.inside !== undefined) this.pointHome.add(this.inside);
    else this.mentioned.add(reference.slice(1));
  }

  /** To be asked when the whole resource has been seen. */
  problems(): readonly { readonly problem: Problem; readonly index: number }[] {
    const earlier = new Set<unknown>();
    return this.resources.flatMap((resource, index) => {
      if (!isObject(resource)) return [];
      const problems = [...this.containedProblems(resource, index, earlier)];
      earlier.add(resource.id);
      return problems.map((problem) => ({ problem, index }));
    });
  }

  private *containedProblems(resource: Contained, index: number, earlier: ReadonlySet<unknown>): Iterable<Problem> {
    const broken = (says: string): Problem => ({ code: 'invariant', says });
    const { id, contained, meta } = resource;
    if (contained !== undefined) yield broken('dom-2: a contained resource must not contain others');
    if (id === undefined) yield { code: 'required', says: 'a contained resource must have an id' };
    else if (earlier.has(id)) yield { code: 'duplicate', says: `two contained resources have the id ${shown(id)}` };
    else if (!(typeof id === 'string' && this.mentioned.has(id)) && !this.pointHome.has(index)) {
      yield broken('dom-3: a contained resource must be referred to from elsewhere in the resource, or refer to its container');
    }
    if (isObject(meta) && (meta.versionId !== undefined || meta.lastUpdated !== undefined)) {
      yield broken('dom-4: a contained resource must not have meta.versionId or meta.lastUpdated');
    }
    if (isObject(meta) && meta.security !== undefined) yield broken('dom-5: a contained resource must not have a security label');
  }
}

type Contained = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Contained {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
