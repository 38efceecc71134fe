/** Components know the theme by its type alone; their tests need the real one. */
export { theme } from './app/theme';
