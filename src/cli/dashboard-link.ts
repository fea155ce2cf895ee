/** Opens the page: the token is traded for a cookie there. */
export const dashboardLink = ({ url, token }: { readonly url: string; readonly token: string }): string => `${url}/?token=${token}`
