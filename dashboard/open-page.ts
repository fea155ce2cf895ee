// The page that is open now, as the address says.
import { signal } from '@preact/signals'
import { type Route, readRoute } from './route.ts'

export const route = signal<Route>({ page: 'overview' })

export function followRoute(): void {
  const read = () => {
    route.value = readRoute(location.hash)
  }
  read()
  addEventListener('hashchange', () => {
    read()
    scrollTo(0, 0)
  })
}
