# title: The image with which pods look is not to be had
# symptom: Nobody has looked from inside west.
# evidence: The pod in west waits: ImagePullBackOff for isthmus.lab/curl:1.
# cause: The nodes cannot reach the registry; the image was not mirrored.
# remedy: isthmus probe-images | mirror it, and name the copy: --probe-image REGISTRY/curl@sha256:…
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west image-pull
apply() { forget_image west "$CURL_IMAGE"; }
undo() { put_back; }
