import { access } from 'node:fs/promises'
import { type Browser, chromium, type Page } from 'playwright-core'

/** The browser of this machine: `CHROMIUM`, else Debian's. There is no going on without one. `more`: further arguments. */
export async function launchChromium(...more: readonly string[]): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  await access(executablePath).catch(() => {
    throw new Error(`These tests need Chromium at ${executablePath}: apt-get install chromium, or name it in CHROMIUM.`)
  })
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}

export const textOf = async (page: Page, selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? ''
