// The SDK's JavaScript as it is; what a phone gives it (React Native, storage, XMLHttpRequest) is stubbed.

import { createRequire } from 'node:module'
import Module from 'node:module'
import { collectUrl, group, groupTraits, make, order, sleep, traits } from './calls.mjs'

const stored = new Map()
const storage = {
  getItem: async (key) => stored.get(key) ?? null,
  setItem: async (key, value) => void stored.set(key, String(value)),
  removeItem: async (key) => void stored.delete(key),
  getAllKeys: async () => [...stored.keys()],
  multiGet: async (keys) => keys.map((key) => [key, stored.get(key) ?? null]),
}
const stubs = {
  react: { Component: class { constructor(props) { this.props = props } }, forwardRef: (render) => render },
  'react/jsx-runtime': { jsx: (type, props) => ({ type, props }) },
  'react-native': {
    Platform: { OS: 'ios', Version: '17.5' },
    NativeModules: {},
    Linking: { getInitialURL: async () => null, addEventListener: () => ({ remove() {} }) },
  },
  '@react-native-async-storage/async-storage': { __esModule: true, default: storage },
}
const load = Module._load
Module._load = (name, ...rest) => stubs[name] ?? load(name, ...rest)
globalThis.__DEV__ = false
globalThis.window = { location: { protocol: 'http:' } }
globalThis.XMLHttpRequest = class {
  open(method, url) { Object.assign(this, { method, url, headers: {} }) }
  setRequestHeader(name, value) { this.headers[name] = value }
  async send(body) {
    const { method, headers } = this
    try {
      const answer = await fetch(this.url, { method, headers, body })
      Object.assign(this, { status: answer.status, responseText: await answer.text() })
    } catch {
      Object.assign(this, { status: 0, responseText: '' })
    }
    this.readyState = 4
    this.onreadystatechange()
  }
}

const require = createRequire(import.meta.url)
const freshpaint = require('@freshpaint/freshpaint-react-native').default
const client = require('@freshpaint/freshpaint-react-native/dist/client').default.getInstance()

const endpoint = `${new URL(collectUrl).host}/react-native/`
freshpaint.init('ENV-ID', { apiEndpoint: endpoint, forceHttps: false })
// The first event of an app is `Application Installed`, which the SDK sends by itself.
while (!stored.size || client._unsentCount() === 0 && !client._wasFirstEventInSessionSent) await sleep(10)

// The SDK keeps an event until the answer is `200 success`, and says nothing else about it.
async function done(limit = 60_000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(10)) {
    if (!client._sending && client._unsentCount() === 0) return
  }
  throw new Error(`${client._unsentCount()} events are still queued`)
}

// React Navigation shows its first screen.
function showScreen() {
  const Container = freshpaint.withReactNavigationAutotrack(function NavigationContainer() {})
  const { type: Wrapper, props } = Container({}, null)
  const rendered = new Wrapper(props).render()
  rendered.props.ref({ getCurrentRoute: () => ({ name: 'Home' }) })
  rendered.props.onReady()
}

const sent = async (start) => {
  await done()
  start()
  await done()
}

await make({
  page: () => sent(showScreen),
  track: () => sent(() => freshpaint.track('Order Completed', { ...order })),
  identify: () => sent(() => freshpaint.identify('hello@example.com', { ...traits })),
  group: () => sent(() => freshpaint.group(group, { ...groupTraits })),
  batch: () => sent(() => ['A', 'B', 'C'].forEach((event) => freshpaint.track(event))),
  // It sends what it has kept again with the next event, not by a timer.
  outage: async () => {
    freshpaint.track('First')
    await sleep(2_000)
    freshpaint.track('Second')
    // By then it is known that it has sent again, and the webhooks are back.
    await sleep(8_000)
    freshpaint.track('Third')
    await done()
  },
})
