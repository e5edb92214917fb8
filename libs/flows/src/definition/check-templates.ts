import { descend, type FieldLookup, type FieldNode, lookUpField } from '../conditions/model-fields.js';
import type { Trigger } from '../events/triggers.js';
import { type CompiledTemplate, TemplateEngine } from '../templates/template-engine.js';
import { TemplateFailure, type TemplatePart } from '../templates/template-failure.js';
import { loopsOf, type VariableUse } from '../templates/template-variables.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';

/** What liquidjs itself offers inside a loop. */
const FORLOOP: FieldNode = {
  index: 'number',
  index0: 'number',
  rindex: 'number',
  rindex0: 'number',
  first: 'flag',
  last: 'flag',
  length: 'number',
};

const engine = new TemplateEngine();

/**
 * Reads a template as it will be rendered and reports what is wrong, with line and column: its syntax, tags and filters
 * that are not allowed, and variables that a step with this trigger does not have, in every branch. Nothing is rendered.
 * Gives the roots that it names.
 */
export function checkTemplate(
  source: string,
  part: TemplatePart,
  trigger: Trigger,
  path: ProblemPath,
  reporter: ProblemReporter,
): string[] {
  let template: CompiledTemplate;
  try {
    template = engine.compile(part, source);
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    reporter.reportInside(path, error.line ?? 1, error.column ?? 1, error.message);
    return [];
  }
  const loops = new LoopVariables(template, trigger);
  for (const use of template.variables) {
    const found = use.local ? loops.lookUp(use) : lookUpField(trigger, use.path);
    if (!found.ok) reporter.reportInside(path, use.line, use.column, found.message);
  }
  return template.variables.filter((use) => !use.local).map(({ path: [root] }) => String(root));
}

/** What the variables of a template's loops stand for, as far as their lists are fields of the model. */
class LoopVariables {
  private readonly nodes = new Map<string, FieldNode[]>();

  constructor(template: CompiledTemplate, trigger: Trigger) {
    for (const { variable, listPath } of loopsOf(template.templates)) {
      const item = listPath && this.itemOf(listPath, trigger);
      if (item) this.nodes.set(variable, [...(this.nodes.get(variable) ?? []), item]);
    }
  }

  /** Other local names (assign, capture) can hold anything and are left to the rendering. */
  lookUp({ path }: VariableUse): FieldLookup {
    const [name, ...rest] = path;
    const nodes = name === 'forloop' ? [FORLOOP] : (this.nodes.get(String(name)) ?? []);
    const found = nodes.map((node) => descend(node, String(name), rest));
    return found.find(({ ok }) => ok) ?? found[0] ?? { ok: true, node: 'text' };
  }

  private itemOf(listPath: readonly (string | number | null)[], trigger: Trigger): FieldNode | undefined {
    const [root, ...rest] = listPath;
    const [outer] = this.nodes.get(String(root)) ?? [];
    const list = outer ? descend(outer, String(root), rest) : lookUpField(trigger, listPath);
    if (!list.ok) return undefined;
    if (list.node === 'texts') return 'text';
    return Array.isArray(list.node) ? (list.node as readonly [FieldNode])[0] : undefined;
  }
}
