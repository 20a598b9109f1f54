/** Times after which things are no longer shown as if they were now. */

/** A plume older than this is named in its panel but not drawn. */
export const PLUME_TOO_OLD_MS = 1_800_000;

/** No newer value in the whole park for this long means that the data are stale. */
export const PARK_STALE_MS = 60_000;

/** A result of the air models older than this is named but not drawn; a forecast is then none any more. */
export const AIR_TOO_OLD_MS = 1_800_000;
