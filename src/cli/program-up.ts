// `moonwalk up`: a flag for each setting.
import { type Command, Option } from 'commander'
import { CONFIG_KEYS, type ConfigKey, SETTINGS, type Setting } from '../config/settings.ts'
import { settingsText } from './help-texts.ts'
import { type Act, listed, someText } from './program-parts.ts'
import { firstSignal } from './signals.ts'

export function addUp(program: Command, act: Act, env: NodeJS.ProcessEnv): void {
  const up = program
    .command('up')
    .description('start a node; the address of its dashboard is printed')
    .option('--config <file>', 'JSON configuration (MOONWALK_CONFIG; default DIR/moonwalk.json if it is there)')
  for (const key of CONFIG_KEYS) addSetting(up, key)
  up.option('--record <file>', 'write down what the page shows, for `moonwalk replay`: at most 64 MB in FILE and FILE.1', someText)
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText('after', settingsText())
    .action(
      act(async (flags: Record<string, unknown>) => {
        const ends = firstSignal()
        return (await import('./up.ts')).up(flags, env, ends)
      }),
    )
}

function addSetting(up: Command, key: ConfigKey): void {
  const { flag, off, meaning, usual, isList, isCount }: Setting = SETTINGS[key]
  const text = `${meaning}${isList ? '; may be repeated' : ''} (default: ${usual})`
  const option = new Option(flag, text)
  if (isList) option.argParser(listed)
  if (isCount) option.argParser((value) => (/^\d+$/.test(value) ? Number(value) : value))
  up.addOption(option)
  if (off !== undefined)
    up.option(off, key === 'offer' ? 'carry traffic for nobody' : 'open nothing to the outside: everything arrives through the tunnel')
}
