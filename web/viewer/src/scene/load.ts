import { decodeGrid, type Grid } from '../formats/grid';
import type { SceneDoc } from '../formats/scene';
import { decodeTin, type Tin } from '../formats/tin';

export interface SceneFiles {
  readonly tin: Tin;
  readonly heights: Grid;
  readonly strata: Grid | null;
  readonly ground: ImageBitmap | null;
}

/** Fetches the files of a scene side by side and decodes them; throws with the file's name. */
export async function loadFiles(base: string, doc: SceneDoc, progress: (done: number, total: number) => void): Promise<SceneFiles> {
  const root = base.endsWith('/') ? base : `${base}/`;
  const urls = [doc.terrain.url, doc.heights.url, doc.strata?.url, doc.ground?.url].filter((url) => url !== undefined);
  let done = 0;
  const get = async (url: string): Promise<Response> => {
    const response = await fetch(root + url);
    if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
    return response;
  };
  const step = <T>(value: T): T => {
    progress(++done, urls.length);
    return value;
  };
  const bytes = async (url: string): Promise<ArrayBuffer> => (await get(url)).arrayBuffer();
  const [tin, heights, strata, ground] = await Promise.all([
    bytes(doc.terrain.url).then((data) => step(decodeTin(data, doc.extent))),
    bytes(doc.heights.url).then((data) => step(decodeGrid(data))),
    doc.strata ? bytes(doc.strata.url).then((data) => step(decodeGrid(data))) : null,
    doc.ground ? get(doc.ground.url).then(decodePicture).then(step) : null,
  ]);
  return { tin, heights, strata, ground };
}

async function decodePicture(response: Response): Promise<ImageBitmap> {
  return createImageBitmap(await response.blob(), {
    imageOrientation: 'flipY', premultiplyAlpha: 'none', colorSpaceConversion: 'none',
  });
}
