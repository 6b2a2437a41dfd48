// The kinds of Envoy Gateway, as far as deploy/gateway uses them. No registry has its schemas as a
// package; these are the fields and limits of the CustomResourceDefinitions of Envoy Gateway 1.9.0.

interface Meta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface Resource<Kind extends string, Spec> {
  apiVersion: "gateway.envoyproxy.io/v1alpha1";
  kind: Kind;
  metadata: Meta;
  spec: Spec;
}

interface Target {
  group: "gateway.networking.k8s.io";
  kind: "Gateway" | "GatewayClass";
  name: string;
  sectionName?: string;
}

interface Operation {
  op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  path?: string;
  jsonPath?: string;
  from?: string;
  value?: unknown;
}

type Quantity = number | `${number}` | `${number}${"Ki" | "Mi" | "Gi" | "m"}`;
type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

export type EnvoyPatchPolicy = Resource<
  "EnvoyPatchPolicy",
  {
    type: "JSONPatch";
    priority?: number;
    targetRef: Omit<Target, "sectionName">;
    jsonPatches?: {
      type: `type.googleapis.com/envoy.config.${
        | "listener.v3.Listener"
        | "route.v3.RouteConfiguration"
        | "cluster.v3.Cluster"
        | "endpoint.v3.ClusterLoadAssignment"}`;
      name: string;
      operation: Operation;
    }[];
  }
>;

export type EnvoyProxy = Resource<
  "EnvoyProxy",
  {
    concurrency?: number;
    bootstrap?: { type?: "Replace" | "Merge" | "JSONPatch"; value?: string; jsonPatches?: Operation[] };
    shutdown?: {
      drainTimeout?: Duration;
      minDrainDuration?: Duration;
      healthCheckFailureDelay?: Duration;
    };
    provider?: {
      type: "Kubernetes";
      kubernetes?: {
        envoyDeployment?: {
          replicas?: number;
          pod?: { volumes?: { name: string; configMap?: { name: string } }[] };
          container?: {
            env?: {
              name: string;
              valueFrom?: { secretKeyRef: { name: string; key: string } };
            }[];
            volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
            resources?: {
              requests?: Record<"cpu" | "memory", Quantity>;
              limits?: Partial<Record<"cpu" | "memory", Quantity>>;
            };
          };
        };
        envoyPDB?: { minAvailable?: number | string; maxUnavailable?: number | string };
      };
    };
  }
>;
