// What stands at the end of each `--help`: lines that can be taken as they are. A test reads every one of them.

export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  up: [
    'moonwalk up',
    'moonwalk up --join mw1.… --expose web=3000',
    'moonwalk up --open --join 203.0.113.7',
    'moonwalk up --no-listen --join mw1.… --data ~/.moonwalk-laptop',
  ],
  status: ['moonwalk status', 'moonwalk status --json | jq -r .node.address'],
  invite: ['moonwalk invite'],
  network: ['moonwalk network', 'moonwalk network rotate', 'moonwalk network join mw1.… --data DIR'],
  turn: ['moonwalk turn token > token.txt'],
  peers: ['moonwalk peers', 'moonwalk peers --watch', 'moonwalk peers --all --json | jq -r ".peers[].name"'],
  add: ['moonwalk add 203.0.113.7:8088'],
  remove: ['moonwalk remove birch', 'moonwalk remove 203.0.113.7:8088'],
  pin: ['moonwalk pin cedar', 'moonwalk pin cedar ash'],
  unpin: ['moonwalk unpin'],
  expose: ['moonwalk expose 3000 --name web', 'moonwalk expose 192.168.1.7:22 --name ssh', 'moonwalk expose 3000 --http www.example.org'],
  unexpose: ['moonwalk unexpose web'],
  connect: ['moonwalk connect', 'moonwalk connect home/ssh --port 2222'],
  drain: ['moonwalk drain', 'moonwalk drain --patience 120'],
  ping: ['moonwalk ping birch', 'moonwalk ping birch -c 10', 'moonwalk ping birch --until-direct'],
  speedtest: ['moonwalk speedtest birch', 'moonwalk speedtest 203.0.113.7:8088 --json'],
  netcheck: ['moonwalk netcheck'],
  doctor: ['moonwalk doctor', 'moonwalk doctor --json | jq ".checks[] | select(.level != \\"ok\\")"'],
  history: ['moonwalk history', 'moonwalk history --since 90m'],
  bugreport: ['moonwalk bugreport', 'moonwalk bugreport report.txt', 'moonwalk bugreport - | less'],
  dashboard: ['moonwalk dashboard', 'ssh -L 8089:127.0.0.1:8089 me@server   and then the link of `moonwalk dashboard` there'],
  metrics: ['moonwalk metrics token'],
  identity: ['moonwalk identity', 'moonwalk identity renew --data DIR'],
  events: ['moonwalk events', 'moonwalk events --since 2h --type service,turn.lost', 'moonwalk events --json | jq .type'],
  completion: ['eval "$(moonwalk completion bash)"', 'moonwalk completion fish > ~/.config/fish/completions/moonwalk.fish'],
  diagram: ['moonwalk diagram', 'moonwalk diagram tunnel'],
  replay: ['moonwalk replay FILE'],
  demo: ['moonwalk demo', 'moonwalk demo --once --json'],
}

/** For commander's help; empty for a command without examples. */
export const examplesText = (name: string): string =>
  EXAMPLES[name] === undefined ? '' : `\nExamples:\n${EXAMPLES[name].map((line) => `  ${line}\n`).join('')}`
