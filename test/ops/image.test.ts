// The image is built by its own steps, and its node lives.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createImages } from './images.ts'

const BASE = 'docker.io/library/node:24-bookworm-slim'
const BUILD_MS = 900_000

const images = createImages()
beforeAll(() => {
  images.makeBase(BASE)
  // Docker's format: the other one has no health check.
  images.buildah('bud', '--quiet', '--pull-never', '--format', 'docker', '-f', 'ops/Dockerfile', '-t', 'moonwalk', '.')
}, BUILD_MS)
afterAll(() => images.remove())

interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly User: string
      readonly Entrypoint: readonly string[]
      readonly Cmd: readonly string[]
      readonly Volumes: object
      readonly ExposedPorts: object
      readonly Healthcheck: { readonly Test: readonly string[] }
    }
  }
}

/** In a container of the image, by the image's user, below its init. */
function inside(script: string): readonly string[] {
  const made = images.buildah('from', '--pull-never', 'moonwalk')
  try {
    // The container of a build shares the process numbers of the machine: the init is told that it is one all the same.
    return images.buildah('run', '--user', 'node', '--env', 'TINI_SUBREAPER=1', made, '--', 'sh', '-c', script).split('\n')
  } finally {
    images.buildah('rm', made)
  }
}

test('the image has a user without rights, an init, a volume, one port and a health check', () => {
  const { User, Entrypoint, Cmd, Volumes, ExposedPorts, Healthcheck } = (
    JSON.parse(images.buildah('inspect', '--type', 'image', 'moonwalk')) as Inspected
  ).Docker.config
  expect({ User, Entrypoint, Cmd, Volumes, ExposedPorts, Healthcheck: Healthcheck.Test }).toEqual({
    User: 'node',
    Entrypoint: ['/usr/bin/tini', '--'],
    Cmd: ['moonwalk', 'up'],
    Volumes: { '/data': {} },
    ExposedPorts: { '8088/tcp': {} },
    Healthcheck: ['CMD-SHELL', 'moonwalk status --json > /dev/null'],
  })
})

test('its node starts below the init, is healthy, writes to the volume alone and ends when it is told to', () => {
  const script = `
id -un
touch /usr/local/bin/mine 2>/dev/null && echo writable
/usr/bin/tini -- moonwalk up --json --listen 127.0.0.1:0 --control 127.0.0.1:0 > /tmp/out &
up=$!
for try in $(seq 200); do grep -q '"event":"ready"' /tmp/out && break; sleep 0.1; done
moonwalk status --json > /dev/null; echo "health $?"
ls /data | grep -c identity.json
kill -TERM $up; wait $up; echo "ended $?"
moonwalk status --json > /dev/null 2>&1; echo "health $?"`
  expect(inside(script)).toEqual(['node', 'health 0', '1', 'ended 0', 'health 3'])
})
