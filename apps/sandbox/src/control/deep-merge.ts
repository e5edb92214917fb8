type Json = Record<string, unknown>;

/** Both objects in one; objects under the same name are merged, anything else of `b` wins. */
export function deepMerge(a: Json, b: Json): Json {
  const merged: Json = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const former = merged[name];
    merged[name] = isObject(former) && isObject(value) ? deepMerge(former, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
