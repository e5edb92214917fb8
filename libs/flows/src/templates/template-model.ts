/** A value that a template or condition may read: plain data, own properties only. */
export type ModelValue =
  string | number | boolean | null | readonly ModelValue[] | { readonly [key: string]: ModelValue };

/** What the `money` and `date` filters go by when the template does not say otherwise. */
export interface ModelFormat {
  /** BCP 47, e.g. `en-GB`. */
  readonly locale: string;
  /** IANA zone of the company; for instants, dates have none. */
  readonly timeZone: string;
  /** ISO 4217 of the record, or null. */
  readonly currency: string | null;
  /** The company's date. */
  readonly today: string;
}

/** Everything that one rendering sees. It is plain JSON, so that it crosses into the render worker as text. */
export interface TemplateModel {
  readonly data: { readonly [root: string]: ModelValue };
  readonly format: ModelFormat;
}
