// The words of JSON Schema that the document is written in.

export const text = { type: 'string' }
export const number = { type: 'number' }
export const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
export const list = (items: object) => ({ type: 'array', items })
export const oneOf = (...names: readonly string[]) => ({ type: 'string', enum: names })
export const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
})
export const versioned = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) =>
  object({ schemaVersion: { const: 1 }, ...properties }, optional)
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

export const integer = { type: 'integer', minimum: 0 }
