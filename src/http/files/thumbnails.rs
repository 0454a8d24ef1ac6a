//! Small pictures of images, drawn off the workers and few at a time.
//!
//! An image is a program for its decoder, written by a stranger: a few kilobytes can ask for gigabytes of memory. So the
//! size that an image claims is compared with `HUBBUB_MAX_IMAGE_PIXELS` before anything is decoded, and the decoder's
//! memory is bounded whatever it claims.

use std::fs::File;
use std::io::{BufReader, Cursor};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::config::HttpConfig;
use crate::store::Preview;

use crate::http::error::ApiError;

/// Draws thumbnails.
pub(crate) struct Thumbnails {
    /// One for each that may be drawn at once; who comes later waits.
    places: Semaphore,
    max_pixels: u64,
}

/// The longer side of a thumbnail: twice as wide as a page shows it, for dense screens.
const MAX_SIDE: u32 = 640;
const JPEG_QUALITY: u8 = 80;
/// The most that a pixel takes while an image is decoded.
const MAX_BYTES_PER_PIXEL: u64 = 8;

impl Thumbnails {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        Self { places: Semaphore::new(config.thumbnail_threads), max_pixels: config.max_image_pixels }
    }

    /// The size of an image and its thumbnail; neither for anything else. An image that cannot be decoded is a file like
    /// any other.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the server is about to end.
    pub(crate) async fn draw(&self, file: File, content_type: &str) -> Result<Preview, ApiError> {
        let Some(format) = decodable(content_type) else { return Ok(Preview::default()) };
        let _place = self.places.acquire().await.map_err(|error| ApiError::Internal(error.to_string()))?;
        let max_pixels = self.max_pixels;
        let drawn = tokio::task::spawn_blocking(move || draw(file, format, max_pixels)).await;
        Ok(match drawn {
            Ok(Ok(preview)) => preview,
            Ok(Err(error)) => {
                debug!(%error, "an image has no thumbnail");
                Preview::default()
            }
            // The decoder panicked, and only on this image.
            Err(error) => {
                debug!(%error, "an image has no thumbnail");
                Preview::default()
            }
        })
    }
}

fn decodable(content_type: &str) -> Option<ImageFormat> {
    let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];
    formats.into_iter().find(|format| format.to_mime_type() == content_type)
}

fn draw(file: File, format: ImageFormat, max_pixels: u64) -> ImageResult<Preview> {
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL));
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Ok(Preview { size: Some((width, height)), thumbnail: None });
    }
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    // A camera that was held upright says so beside the pixels.
    image.apply_orientation(orientation);
    let size = Some((image.width(), image.height()));
    let small = if image.width().max(image.height()) > MAX_SIDE { image.thumbnail(MAX_SIDE, MAX_SIDE) } else { image };
    encode(&small).map(|thumbnail| Preview { size, thumbnail: Some(thumbnail) })
}

/// Encoded anew, a picture carries nothing beside its pixels: no place where it was taken.
fn encode(image: &DynamicImage) -> ImageResult<(&'static str, Vec<u8>)> {
    let mut bytes = Vec::new();
    if image.color().has_alpha() {
        image.to_rgba8().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        Ok(("image/png", bytes))
    } else {
        image.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        Ok(("image/jpeg", bytes))
    }
}
