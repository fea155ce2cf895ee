// A reader of what people write answers the value, or one sentence about what is wrong.

export type Read<T> = { readonly ok: T } | { readonly wrong: string }

export const wrong = (text: string): { readonly wrong: string } => ({ wrong: text })
