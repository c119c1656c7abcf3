-- Answers an AdmissionReview as istiod's injector does: a JSON patch that makes a proxy of the pod's `istio-proxy` container
-- (template "gateway"), or adds one (template "sidecar"). The patches are made by lib/mesh.sh; __NAMES__ are filled in here.
local patches = {
  gateway = [==[@GATEWAY_PATCH@]==],
  sidecar = [==[@SIDECAR_PATCH@]==],
}

-- A patch can add to a list or a map only where there is one.
local function ensure(text, section, key, path, empty)
  if section:find('"' .. key .. '":' .. empty:sub(1, 1), 1, true) then return text end
  return '{"op":"add","path":"' .. path .. '","value":' .. empty .. '},' .. text
end

local function patch_for(body)
  local metadata, spec = body:match('"object":(.-)"spec":(.*)')
  -- A pod that says it was injected was made by hand, as it looked then; it is left as it is.
  if metadata:find('"sidecar.istio.io/status"', 1, true) then return nil end
  local template = metadata:match('"inject.istio.io/templates":"(%w+)"') or "sidecar"
  local text = patches[template]:sub(2, -2)
  text = ensure(text, metadata, "annotations", "/metadata/annotations", "{}")
  text = ensure(text, metadata, "labels", "/metadata/labels", "{}")
  text = ensure(text, spec, "volumes", "/spec/volumes", "[]")
  if template == "gateway" then
    text = ensure(text, spec, "volumeMounts", "/spec/containers/0/volumeMounts", "[]")
    text = ensure(text, spec, "env", "/spec/containers/0/env", "[]")
  end
  local values = {
    NETWORK = metadata:match('"topology.istio.io/network":"([^"]+)"') or "@NETWORK@",
    NAMESPACE = body:match('"namespace":"([^"]+)"'),
    ACCOUNT = spec:match('"serviceAccountName":"([^"]+)"') or "default",
    WORKLOAD = metadata:match('"app":"([^"]+)"') or metadata:match('"generateName":"([^"]+)%-"') or metadata:match('"name":"([^"]+)"'),
  }
  return "[" .. text:gsub("__(%u+)__", values) .. "]"
end

function envoy_on_request(request)
  local body = request:body()
  local text = body and body:getBytes(0, body:length()) or ""
  local uid = text:match('"request":{"uid":"([^"]+)"')
  if not uid then
    request:respond({[":status"] = "400"}, "not an AdmissionReview\n")
    return
  end
  local patch = patch_for(text)
  local answer = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"' .. uid .. '","allowed":true'
  if patch then
    answer = answer .. ',"patchType":"JSONPatch","patch":"' .. request:base64Escape(patch) .. '"'
  end
  request:respond({[":status"] = "200", ["content-type"] = "application/json"}, answer .. "}}")
end
