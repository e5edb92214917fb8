/** One message that must reach somebody, once. */
export interface ExpectedMessage {
  /** How its business event ends, e.g. `issued` of `invoice/42/issued`. */
  readonly about: string;
  /** The number or address; nobody else in this run has it. */
  readonly to: string;
  /** Other events of the run go to the same recipient, e.g. to a colleague: then only the trail can tell them apart. */
  readonly shared?: boolean;
}

/** What one event of the scenario must lead to. */
export interface ExpectedEvent {
  readonly title: string;
  /** The invoice by whose id the trace is found. */
  readonly invoiceId: string;
  /** Everything that goes out because of this invoice, over the whole scenario. */
  readonly messages: readonly ExpectedMessage[];
  /** One of these reasons must be in the trail; none = nothing to say. */
  readonly notSent: readonly string[];
}
