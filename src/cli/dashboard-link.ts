/** Opens the page. The token stands in the fragment, which no browser sends and no log of a server has. */
export const dashboardLink = ({ url, token }: { readonly url: string; readonly token: string }): string => `${url}/#token=${token}`
