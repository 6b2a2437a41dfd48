import { drive } from './posthog-js.mjs'

await drive('posthog-js-1.160.0')
