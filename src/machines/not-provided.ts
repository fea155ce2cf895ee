/** Stands in for an effect that the composition root must provide. */
export const notProvided = (name: string) => (): never => {
  throw new Error(`"${name}" was not provided`)
}
